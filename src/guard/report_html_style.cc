#include "guard/report_html_parts.h"

namespace guard {
namespace {

constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--bg:#f4f5f7;--card:#fff;--ink:#12161c;--soft:#565f6d;--faint:#8a93a0;
--line:#e3e6eb;--hair:#eef0f3;--code:#f6f7f9;--accent:#2f5bd3;--accent-soft:#dbe5fd;--ok:#0f7b4b;--ok-soft:#dcf3e7;
--warn:#96600a;--warn-soft:#fbefd6;--bad:#bd271e;--bad-soft:#fce4e1;
--l0:#8b98ab;--l1:#d3a21b;--l2:#dc8722;--l3:#dd6531;--l4:#c9302c}
@media (prefers-color-scheme:dark){:root{--bg:#0d1015;--card:#151a21;--ink:#e8ecf2;--soft:#a1abb9;--faint:#747f8e;
--line:#272e38;--hair:#1e242d;--code:#10141a;--accent:#84a4ff;--accent-soft:#22305a;--ok:#4fce92;--ok-soft:#12352a;
--warn:#e3b052;--warn-soft:#3a2d12;--bad:#ff8379;--bad-soft:#44201e;
--l0:#748298;--l1:#d8b13e;--l2:#e29a45;--l3:#ea7c4e;--l4:#f0605a}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);
font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"Noto Sans",sans-serif;
font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
main{max-width:1120px;margin:0 auto;padding:36px 28px 56px}
code,pre,.mono{font-family:ui-monospace,SFMono-Regular,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.88em}
header{display:flex;flex-wrap:wrap;gap:6px 24px;align-items:flex-end;justify-content:space-between;margin-bottom:22px}
.brand{color:var(--soft);font-size:13px;font-weight:600;letter-spacing:.02em}
.brand b{color:var(--accent)}
h1{font-size:30px;line-height:1.2;letter-spacing:-.02em;margin:4px 0 0;font-weight:680}
.where{color:var(--soft);font-size:13px;text-align:right;line-height:1.6}
h2{font-size:17px;line-height:1.3;letter-spacing:-.01em;margin:0;font-weight:650}
section{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:22px 24px;margin-top:16px}
.head{display:flex;flex-wrap:wrap;gap:2px 14px;align-items:baseline;justify-content:space-between;margin-bottom:12px}
.head p,.note{color:var(--soft);font-size:13px;margin:0}
.note{margin-top:12px}
.verdict{border-left:5px solid var(--tone);padding:20px 24px}
.verdict h2{font-size:21px;display:flex;align-items:center;gap:10px}
.verdict p{margin:6px 0 0;color:var(--soft)}
.verdict ul{margin:12px 0 0;padding:0;list-style:none;display:grid;gap:8px}
.verdict li{background:var(--tone-soft);border-radius:8px;padding:9px 13px}
.verdict pre{margin:12px 0 0;background:var(--tone-soft);border-radius:8px;padding:11px 14px;white-space:pre-wrap}
.ok{--tone:var(--ok);--tone-soft:var(--ok-soft)}
.warn{--tone:var(--warn);--tone-soft:var(--warn-soft)}
.bad{--tone:var(--bad);--tone-soft:var(--bad-soft)}
.dot{width:22px;height:22px;border-radius:50%;background:var(--tone);color:var(--card);display:inline-grid;
place-items:center;font-size:13px;font-weight:800;flex:none}
.tiles{display:grid;grid-template-columns:repeat(6,1fr);gap:12px;margin-top:16px}
.tile{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:15px 16px 14px;min-width:0}
.tile .k{color:var(--soft);font-size:12.5px}
.tile .v{font-size:23px;font-weight:660;letter-spacing:-.02em;line-height:1.3;margin-top:2px;white-space:nowrap}
.tile .s{color:var(--faint);font-size:12px;line-height:1.4;margin-top:2px}
.tile.bad .v{color:var(--bad)}
.tile.warn .v{color:var(--warn)}
table{border-collapse:collapse;width:100%;font-size:14px}
th{color:var(--soft);font-weight:550;font-size:12.5px;text-align:left;padding:0 14px 7px 0;border-bottom:1px solid var(--line);
vertical-align:bottom}
td{padding:9px 14px 9px 0;border-bottom:1px solid var(--hair);vertical-align:top}
tr:last-child td{border-bottom:0;padding-bottom:0}
.r{text-align:right}
th.r,td.r,td.dim:first-child{white-space:nowrap}
th:last-child,td:last-child{padding-right:0}
.dim{color:var(--faint)}
.strong{font-weight:600}
.tag{white-space:nowrap;color:var(--soft);font-size:13px}
.sql{white-space:pre-wrap;margin:0}
details summary{cursor:pointer;list-style:none}
details summary::-webkit-details-marker{display:none}
details summary::after{content:" …";color:var(--accent);font-weight:700}
details[open] summary::after{content:""}
details[open] .cut{display:none}
.meter{height:4px;border-radius:2px;background:var(--hair);margin-top:6px;min-width:84px;overflow:hidden}
.meter i{display:block;height:100%;border-radius:2px;background:var(--accent);min-width:2px}
.failed .meter i{background:var(--bad)}
.chip{display:inline-block;border-radius:6px;padding:1px 8px;font-size:12px;font-weight:600;line-height:1.6;white-space:nowrap;
background:var(--tone-soft,var(--hair));color:var(--tone,var(--soft))}
.mode{display:inline-flex;align-items:center;gap:8px;white-space:nowrap;font-weight:600;font-size:13px}
.mode::before{content:"";width:10px;height:10px;border-radius:3px;background:var(--lock)}
.l0{--lock:var(--l0)}.l1{--lock:var(--l1)}.l2{--lock:var(--l2)}.l3{--lock:var(--l3)}.l4{--lock:var(--l4)}
.plus{color:var(--ok);font-weight:600}
.minus{color:var(--bad);font-weight:600}
.diff{margin:0;padding:0;list-style:none;display:grid;gap:0}
.diff li{display:grid;grid-template-columns:18px 132px 1fr;gap:8px;padding:6px 0;border-bottom:1px solid var(--hair)}
.diff li:last-child{border-bottom:0;padding-bottom:0}
.two{display:grid;grid-template-columns:1fr 1fr;gap:16px}
.two section{margin-top:16px}
dl{display:grid;grid-template-columns:auto 1fr;gap:9px 18px;margin:0}
dt{color:var(--soft)}
dd{margin:0;text-align:right;font-weight:600}
.budget{height:10px;border-radius:5px;background:var(--hair);overflow:hidden;margin:16px 0 6px}
.budget i{display:block;height:100%;background:var(--accent);min-width:3px;border-radius:5px}
.budget.bad i{background:var(--bad)}
.timeline{display:block;width:100%;overflow:visible}
.timeline text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;fill:var(--soft)}
.timeline .name{fill:var(--ink);font-weight:560;font-size:12.5px}
.timeline .group{fill:var(--faint);font-weight:650;font-size:11.5px}
.timeline .grid{stroke:var(--hair)}
.timeline .track{fill:var(--hair)}
.timeline .stmt{fill:var(--accent);stroke:var(--card);stroke-width:1;paint-order:stroke}
.timeline .stmt.err{fill:var(--bad)}
.timeline .thin{stroke:none}
.timeline .lock{fill:var(--lock)}
.legend{display:flex;flex-wrap:wrap;gap:6px 18px;margin-top:14px;font-size:12.5px;color:var(--soft)}
.legend .mode{font-weight:500}
footer{color:var(--faint);font-size:12.5px;line-height:1.6;margin-top:22px;padding:0 4px}
@media (max-width:1000px){.tiles{grid-template-columns:repeat(3,1fr)}}
@media (max-width:720px){
main{padding:20px 14px 36px}
h1{font-size:25px}
.where{text-align:left}
section{padding:18px 16px;border-radius:12px}
.verdict h2{font-size:19px}
.tiles{grid-template-columns:1fr 1fr;gap:10px}
.tile{padding:12px 13px}
.tile .v{font-size:20px}
.two{grid-template-columns:1fr;gap:0}
.diff li{grid-template-columns:14px 1fr}
.diff li span:last-child{grid-column:2}
table,tbody,tr,td{display:block}
thead{display:none}
tr{padding:11px 0;border-bottom:1px solid var(--hair)}
tr:first-child{padding-top:0}
tr:last-child{border-bottom:0;padding-bottom:0}
td,tr:last-child td{border:0;padding:2px 0}
td.dim{float:left;margin-right:10px}
td[data-k]{clear:both;display:flex;justify-content:space-between;gap:16px;text-align:right}
td[data-k]::before{content:attr(data-k);color:var(--soft);text-align:left;white-space:nowrap;font-weight:400}
td:empty{display:none}
.meter{min-width:0}
}
@media print{body{background:#fff}section,.tile{break-inside:avoid}}
)css";

}  // namespace

std::string_view report_style() { return kStyle; }

}  // namespace guard
