"""The style sheet of the page: light, dark and print; figures take their colours from it.

Blue and orange are told apart by colour-blind readers (Okabe and Ito 2008), and differ by shape as well.
"""

STYLE = """
:root{--paper:#fff;--ink:#1d2329;--soft:#56616c;--rule:#d5dbe1;--faint:#edf0f3;--judge:#0b5fa5;--human:#c25a00;
--good:#0b6e4f;--bad:#a3242f;--open:#7a5d00}
@media screen and (prefers-color-scheme:dark){:root{--paper:#14181c;--ink:#e6eaee;--soft:#a4afba;
--rule:#3a434c;--faint:#20262c;--judge:#6db3f2;--human:#f2a35e;--good:#63c7a1;--bad:#f08a92;--open:#e3c15a}}
*{box-sizing:border-box}
html{font:16px/1.5 ui-sans-serif,system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;color:var(--ink);
background:var(--paper);font-variant-numeric:tabular-nums lining-nums;-webkit-text-size-adjust:100%}
body{max-width:62rem;margin:0 auto;padding:2rem 1.5rem 4rem}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 .4rem;letter-spacing:-.01em}
h2{font-size:1.3rem;margin:2.6rem 0 .8rem;padding-top:.7rem;border-top:2px solid var(--ink);line-height:1.25}
h3{font-size:1.15rem;margin:1.8rem 0 .5rem}
h3 span{font-weight:400;color:var(--soft)}
p{margin:.5rem 0;max-width:46rem}
.lead{color:var(--soft);margin:0 0 1.2rem}
nav{font-size:.9rem;margin:1rem 0;color:var(--soft)}
nav a{color:var(--judge);margin-right:1rem}
.card{border:1px solid var(--rule);border-left:5px solid var(--open);border-radius:4px;padding:.7rem 1.1rem 1rem;
margin:1rem 0;break-inside:avoid}
.card h3{margin-top:.2rem}
.card.like_a_physician{border-left-color:var(--good)}
.card.worse_than_a_physician{border-left-color:var(--bad)}
.verdict{font-size:1.03rem}
.use{font-weight:600}
.warning,.empty{color:var(--soft);font-size:.92rem}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(17rem,1fr));gap:.3rem 1.5rem;margin:.7rem 0}
.facts div{border-top:1px solid var(--rule);padding:.25rem 0}
.facts dt{color:var(--soft);font-size:.85rem}
.facts dd{margin:0}
.scroll{overflow-x:auto;margin:.6rem 0 1rem}
table{border-collapse:collapse;font-size:.86rem;line-height:1.35;width:100%}
caption{text-align:left;font-weight:600;padding:.3rem 0 .4rem;font-size:.95rem}
th,td{text-align:left;padding:.28rem .9rem .28rem 0;vertical-align:top}
thead th{border-bottom:1px solid var(--ink);font-weight:600;white-space:nowrap}
tbody th{font-weight:400}
tbody tr{border-bottom:1px solid var(--faint)}
tbody tr:last-child{border-bottom:1px solid var(--rule)}
.figure{white-space:nowrap}
figure{margin:1.4rem 0;break-inside:avoid}
figcaption{font-size:.88rem;color:var(--soft);margin-top:.3rem;max-width:46rem}
figcaption b{color:var(--ink)}
details.data{font-size:.85rem;margin-top:.2rem}
summary{color:var(--judge);cursor:pointer}
.drawing svg{width:100%;height:auto;display:block}
svg text{font:12px ui-sans-serif,system-ui,"Segoe UI",Roboto,Arial,sans-serif;fill:var(--ink)}
svg .tick,svg .cell{font-size:11.5px}
svg .tick,svg .key{fill:var(--soft)}
svg .small{font-size:9.5px}
svg .label{font-size:12px;fill:var(--soft)}
svg .over{paint-order:stroke;stroke:var(--paper);stroke-width:3px;stroke-linejoin:round}
svg .strong{font-weight:700}
.grid{stroke:var(--faint);stroke-width:1}
.axis{stroke:var(--soft);stroke-width:1}
.reference{stroke:var(--ink);stroke-width:1;stroke-dasharray:5 4}
.level{stroke:var(--human);stroke-width:1.4}
.identity{stroke:var(--soft);stroke-width:1.2;stroke-dasharray:2 4;fill:none}
.trend{stroke:var(--human);stroke-width:2;fill:none}
.band{fill:var(--human);fill-opacity:.12}
.whisker{stroke-width:1.6}
.s1{fill:var(--judge)}.s1-line{stroke:var(--judge)}
.s2{fill:var(--human)}.s2-line{stroke:var(--human)}
.bubble{fill:var(--judge);fill-opacity:.45;stroke:var(--judge)}
.bar,.heat{fill:var(--judge)}
svg .on-dark{fill:var(--paper);font-size:11px}
svg .on-light{fill:var(--ink);font-size:11px}
.marks{font-size:.85rem;color:var(--soft);word-break:break-all}
@page{margin:16mm}
@media print{:root{--paper:#fff;--ink:#000;--soft:#444;--rule:#bbb;--faint:#e4e4e4}
html{font-size:9pt}body{max-width:none;padding:0}p,figcaption{max-width:none}nav,details.data{display:none}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
main>section+section{break-before:page}h2{margin-top:0}h2,h3,caption{break-after:avoid}
.scroll{overflow:visible;break-inside:avoid}table{font-size:7.5pt}th,td{padding-right:.6rem}tr{break-inside:avoid}
thead th{white-space:normal}.drawing svg{width:150mm}}
"""
