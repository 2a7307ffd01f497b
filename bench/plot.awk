# Lines "x seconds megabytes" as an SVG with both curves over x. Variables: title, axis.
{ x[NR] = $1; s[NR] = $2; m[NR] = $3
  if ($1 > most_x) most_x = $1
  if ($2 > most_s) most_s = $2
  if ($3 > most_m) most_m = $3 }

function px(v) { return 70 + v / most_x * 500 }
function py(v, most) { return 310 - v / most * 250 }
function curve(values, most, colour, unit,   n, points) {
  for (n = 1; n <= NR; n++) points = points px(x[n]) "," py(values[n], most) " "
  printf "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"%s\"/>\n", colour, points
  for (n = 1; n <= NR; n++) {
    printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", px(x[n]), py(values[n], most), colour
    printf "<text x=\"%.1f\" y=\"%.1f\" fill=\"%s\" text-anchor=\"middle\">%.3g %s</text>\n",
      px(x[n]), py(values[n], most) + (unit == "s" ? -8 : 18), colour, values[n], unit
  }
}

END {
  print "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"640\" height=\"380\" font-family=\"sans-serif\" font-size=\"12\">"
  print "<rect width=\"640\" height=\"380\" fill=\"white\"/>"
  printf "<text x=\"70\" y=\"28\" font-size=\"15\">%s</text>\n", title
  print "<path d=\"M70 50V310H590\" fill=\"none\" stroke=\"#888\"/>"
  for (n = 1; n <= NR; n++) printf "<text x=\"%.1f\" y=\"330\" text-anchor=\"middle\">%s</text>\n", px(x[n]), x[n]
  printf "<text x=\"330\" y=\"355\" text-anchor=\"middle\">%s</text>\n", axis
  curve(s, most_s, "#1f5fa8", "s")
  curve(m, most_m, "#b3541e", "MB")
  print "<text x=\"470\" y=\"28\" fill=\"#1f5fa8\">seconds</text>"
  print "<text x=\"530\" y=\"28\" fill=\"#b3541e\">peak memory</text>"
  print "</svg>"
}
