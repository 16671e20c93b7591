"""The style sheet of the page: light, dark and print; figures take their colours from it."""

STYLE = """
:root{--paper:#fff;--ink:#1b2127;--soft:#57626d;--rule:#d3dae0;--faint:#eef1f4;--ours:#0b5fa5;--other:#c25a00;
--warn:#7a5d00;--warn-paper:#fdf6e0;--none:#a3242f}
@media screen and (prefers-color-scheme:dark){:root{--paper:#14181c;--ink:#e6eaee;--soft:#a4afba;--rule:#3a434c;
--faint:#20262c;--ours:#6db3f2;--other:#f2a35e;--warn:#e3c15a;--warn-paper:#2a2616;--none:#f08a92}}
*{box-sizing:border-box}
html{font:16px/1.5 ui-sans-serif,system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;color:var(--ink);
background:var(--paper);font-variant-numeric:tabular-nums lining-nums;-webkit-text-size-adjust:100%}
body{max-width:70rem;margin:0 auto;padding:2rem 1.5rem 4rem}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 .4rem;letter-spacing:-.01em}
h2{font-size:1.3rem;margin:2.6rem 0 .8rem;padding-top:.7rem;border-top:2px solid var(--ink);line-height:1.25}
h3{font-size:1.1rem;margin:2rem 0 .4rem}
h4{font-size:1rem;margin:0 0 .3rem}
p{margin:.5rem 0;max-width:46rem}
.lead{color:var(--soft);margin:0 0 1rem}
nav{font-size:.9rem;margin:1rem 0}
nav a{color:var(--ours);margin-right:1rem}
.warning{border-left:5px solid var(--warn);background:var(--warn-paper);padding:.6rem 1rem;border-radius:3px}
.headline{font-size:1.05rem}
.note{color:var(--soft);font-size:.88rem}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(14rem,1fr));gap:.3rem 1.5rem;margin:.8rem 0}
.facts div{border-top:1px solid var(--rule);padding:.25rem 0}
.facts dt{color:var(--soft);font-size:.85rem}
.facts dd{margin:0;overflow-wrap:anywhere}
.scroll{overflow-x:auto;margin:.4rem 0 1rem;background:linear-gradient(var(--paper),var(--paper)) right/1rem 100% \
no-repeat local,linear-gradient(to left,var(--rule),transparent) right/1rem 100% no-repeat scroll}
table{border-collapse:collapse;font-size:.84rem;line-height:1.35;min-width:50%}
caption{text-align:left;color:var(--soft);padding:.2rem 0 .4rem}
th,td{text-align:left;padding:.26rem .8rem .26rem 0;vertical-align:top}
thead th{border-bottom:1px solid var(--ink);font-weight:600;vertical-align:bottom}
tbody th{font-weight:400}
tbody tr{border-bottom:1px solid var(--faint)}
tbody tr:last-child{border-bottom:1px solid var(--rule)}
tr.ours th,tr.ours td{font-weight:700;color:var(--ours)}
.figure{text-align:right}
td.words{min-width:9rem}
tbody th{min-width:9rem}
.case td.words{min-width:16rem}
figure{margin:1rem 0 .4rem;break-inside:avoid}
figcaption{font-size:.86rem;color:var(--soft);max-width:46rem}
figure svg{width:100%;max-width:54rem;height:auto;display:block}
svg text{font:12px ui-sans-serif,system-ui,"Segoe UI",Roboto,Arial,sans-serif;fill:var(--ink)}
svg .soft{fill:var(--soft);font-size:11px}
svg .strong{font-weight:700}
.grid{stroke:var(--faint);stroke-width:1}
.axis{stroke:var(--soft);stroke-width:1}
.whisker{stroke:var(--ours);stroke-width:2}
.ours-dot{fill:var(--ours)}
.whole-dot{fill:var(--paper);stroke:var(--ours);stroke-width:2.5}
.other-tick{stroke:var(--other);stroke-width:1.5;stroke-opacity:.65}
.other-dot{fill:var(--other)}
.case{border:1px solid var(--rule);border-radius:4px;padding:.8rem 1.1rem;margin:1rem 0;break-inside:avoid}
.case header{display:flex;justify-content:space-between;gap:1rem;align-items:baseline}
.case .body{display:grid;grid-template-columns:11rem 1fr;gap:1.2rem}
.case img{width:11rem;height:auto;border-radius:3px;background:#000}
.case .blind{color:var(--soft);font-size:.85rem;border:1px dashed var(--rule);padding:1rem;border-radius:3px}
.case dl{margin:0}
.case dt{color:var(--soft);font-size:.82rem}
.case dd{margin:0 0 .5rem;white-space:pre-wrap;overflow-wrap:anywhere}
.points{font-weight:700;white-space:nowrap}
.absent{color:var(--none)}
@media (max-width:42rem){.case .body{grid-template-columns:1fr}}
@media (max-width:68rem){table{font-size:.78rem}th,td{padding-right:.5rem}tbody th,td.words{min-width:7rem}}
.many{font-size:.75rem}.many th,.many td{padding-right:.45rem}.many tbody th,.many td.words{min-width:5.5rem}
@page{margin:14mm}
@media print{:root{--paper:#fff;--ink:#000;--soft:#444;--rule:#bbb;--faint:#e4e4e4}
html{font-size:9pt}body{max-width:none;padding:0}nav{display:none}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
h2,h3,caption{break-after:avoid}.scroll{overflow:visible;background:none}table{font-size:7pt}th,td{padding-right:.5rem}
tr{break-inside:avoid}.many{font-size:7pt}}
"""
