# Lines "plot series x value unit" as an SVG: a curve for each series and unit over x. Each unit has a scale of
# its own, from 0; x is logarithmic where its largest value is more than 20 times its smallest. Variables: title,
# axis.
BEGIN { split("#1f5fa8 #b3541e #2e7d4f #7b4fa3 #a8761f #5b6770 #b02a5c #2a9aa0", colours, " ") }
{ curve = $2 " " $5
  if (!(curve in colour)) { order[++curves] = curve; colour[curve] = colours[(curves - 1) % 8 + 1]; unit[curve] = $5 }
  n = ++count[curve]
  x[curve, n] = $3; v[curve, n] = $4
  if ($3 > most_x) most_x = $3
  if (NR == 1 || $3 < least_x) least_x = $3
  if ($4 > most[$5]) most[$5] = $4
  if (!($3 in tick)) tick[$3] }

function px(value) {
  if (most_x > 20 * least_x) return 100 + log(value / least_x) / log(most_x / least_x) * 470
  return 70 + value / most_x * 500
}
function py(value, one) { return 330 - value / most[one] * 250 }
function draw(curve,   n, points, at) {
  for (n = 1; n <= count[curve]; n++) points = points sprintf("%.1f,%.1f ", px(x[curve, n]), py(v[curve, n], unit[curve]))
  printf "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"%s\"/>\n", colour[curve], points
  for (n = 1; n <= count[curve]; n++) {
    at = py(v[curve, n], unit[curve])
    printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", px(x[curve, n]), at, colour[curve]
    printf "<text x=\"%.1f\" y=\"%.1f\" fill=\"%s\" text-anchor=\"middle\">%.3g %s</text>\n",
      px(x[curve, n]), at + (unit[curve] == "s" ? -8 : 18), colour[curve], v[curve, n], unit[curve]
  }
}

END {
  print "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"760\" height=\"400\" font-family=\"sans-serif\" font-size=\"12\">"
  print "<rect width=\"760\" height=\"400\" fill=\"white\"/>"
  printf "<text x=\"70\" y=\"28\" font-size=\"15\">%s</text>\n", title
  print "<path d=\"M70 60V330H600\" fill=\"none\" stroke=\"#888\"/>"
  for (one in tick) printf "<text x=\"%.1f\" y=\"350\" text-anchor=\"middle\">%s</text>\n", px(one), one
  printf "<text x=\"330\" y=\"380\" text-anchor=\"middle\">%s</text>\n", axis
  for (n = 1; n <= curves; n++) {
    draw(order[n])
    printf "<text x=\"620\" y=\"%d\" fill=\"%s\">%s</text>\n", 60 + n * 18, colour[order[n]], order[n]
  }
  print "</svg>"
}
