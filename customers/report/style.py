"""How the page looks: light and dark, on a phone, on a desk and on A4 paper."""

from customers.report.charts import STYLE as CHARTS

STYLE = (
    """
:root{color-scheme:light dark;--ink:#1c2430;--muted:#5b6673;--line:#e2e6ea;--paper:#fff;--page:#f5f6f4;--accent:#0f766e;
--tint:15,118,110;--warn:#fdf3e1;--warn-ink:#7a4a05;--s0:#0f766e;--s1:#c2703d;--s2:#5b5fc7}
@media (prefers-color-scheme:dark){:root{--ink:#e8ebee;--muted:#a3adb8;--line:#2f3843;--paper:#1a2027;--page:#12161b;
--accent:#4fc3b5;--tint:79,195,181;--warn:#33291a;--warn-ink:#f0c88a;--s0:#4fc3b5;--s1:#e39a68;--s2:#9b9ef0}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,"Segoe UI",Roboto,sans-serif}
main{max-width:60rem;margin:0 auto;padding:1.5rem 1rem 4rem}
h1{font-size:2rem;line-height:1.2;margin:.5rem 0 .25rem;letter-spacing:-.02em}
h2{font-size:1.3rem;line-height:1.3;margin:0;letter-spacing:-.01em}
nav{display:flex;flex-wrap:wrap;gap:.25rem 1rem;margin:1rem 0;font-size:.9rem}
a{color:var(--accent)}
section{background:var(--paper);border:1px solid var(--line);border-radius:14px;padding:1.25rem 1.4rem;margin:1.1rem 0}
.window{color:var(--muted);font-size:.85rem;margin:.1rem 0 1rem}
p{margin:.7rem 0;max-width:46rem}
.note{color:var(--muted);font-size:.9rem}
.warning{background:var(--warn);color:var(--warn-ink);border-radius:8px;padding:.6rem .85rem;font-size:.93rem}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(12rem,1fr));gap:.8rem;margin:1rem 0}
.tile{border:1px solid var(--line);border-radius:10px;padding:.8rem 1rem}
.tile b{display:block;font-size:1.4rem;line-height:1.25;margin:.15rem 0;letter-spacing:-.02em}
.tile span{display:block;color:var(--muted);font-size:.83rem;line-height:1.4}
figure{margin:1rem 0}
figcaption,caption{text-align:left;font-weight:600;font-size:.95rem;padding-bottom:.35rem}
.wide{overflow-x:auto}
svg{display:block;width:100%;min-width:34rem;height:auto}
table{border-collapse:collapse;width:100%;font-size:.87rem;font-variant-numeric:tabular-nums;margin:.9rem 0}
th,td{padding:.38rem .55rem;border-bottom:1px solid var(--line);text-align:right;vertical-align:top;white-space:nowrap}
thead th{color:var(--muted);font-weight:500;white-space:normal;vertical-align:bottom}
.t{text-align:left;white-space:normal;overflow-wrap:break-word;min-width:6.9rem}
tbody th{font-weight:500}
tr.total>*{font-weight:700;border-top:2px solid var(--muted)}
details{font-size:.9rem;margin:.4rem 0 1rem}
summary{cursor:pointer;color:var(--accent)}
@media (max-width:34rem){section{padding:1rem .9rem;border-radius:10px}h1{font-size:1.6rem}}
@media print{@page{size:A4;margin:14mm}
:root{--ink:#000;--muted:#444;--line:#ccc;--paper:#fff;--page:#fff;--accent:#0f766e;--tint:15,118,110;--warn:#fff;
--warn-ink:#000;--s0:#0f766e;--s1:#c2703d;--s2:#5b5fc7}
body{font-size:10.5pt}main{max-width:none;padding:0}nav,details{display:none}
section{border:0;padding:0;margin:0 0 8mm}figure,tr,.tile,h2{break-inside:avoid}
h2,.window,caption,thead{break-after:avoid}.tiles{grid-template-columns:repeat(4,1fr)}
.warning{border-left:3px solid #999}.wide{overflow:visible}
table{font-size:8pt}th,td{padding:.2rem .25rem;white-space:normal}svg,.t{min-width:0}}
"""
    + CHARTS
)
"""All of the page's style; it loads nothing."""
