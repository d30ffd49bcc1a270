/* page_style.c -- see page_style.h. Pieces, since C promises no more than 4095 bytes to a string. */
#include "nn/base/page_style.h"

#include <stddef.h>

/* ---- colours, text, blocks ---- */

static const char basics[] =
    ":root{color-scheme:light dark;--paper:#fff;--ink:#1d2126;--soft:#5a636e;--line:#d5dae0;--panel:#f5f7f9;"
    "--accent:#0072b2;--good:#007a59;--mixed:#9a6500;--bad:#b84300}\n"
    "@media(prefers-color-scheme:dark){:root{--paper:#15181c;--ink:#e8eaed;--soft:#a6afb9;--line:#3a414a;"
    "--panel:#1e2329;--accent:#6cb8ea;--good:#3fc79a;--mixed:#f0b13c;--bad:#ff8f57}}\n"
    "*{box-sizing:border-box}[hidden]{display:none!important}\n"
    "body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,sans-serif}\n"
    "main,header,footer{max-width:70rem;margin:0 auto;padding:0 1.25rem}\n"
    "header{padding-top:2rem}h1{font-size:1.7rem;line-height:1.25;margin:0;overflow-wrap:anywhere}\n"
    "header p,.lead,.how,footer{color:var(--soft)}header p{margin:.3rem 0 0}\n"
    "h2{font-size:1.3rem;margin:2.6rem 0 .4rem;padding-top:.8rem;border-top:1px solid var(--line)}\n"
    "h3{font-size:1rem;margin:0 0 .4rem}p{max-width:46rem;margin:.5rem 0}a{color:var(--accent)}\n"
    "nav{margin:1rem 0;display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;font-size:.92rem}\n"
    "footer{font-size:.85rem;margin:3rem auto 2rem;padding-top:.8rem;border-top:1px solid var(--line)}\n"
    ".verdict{margin:1.4rem 0;padding:1rem 1.2rem;background:var(--panel);border:1px solid var(--line);"
    "border-left:.4rem solid var(--t);border-radius:.4rem}.verdict strong{font-size:1.2rem;line-height:1.3}\n"
    ".verdict .tone{color:var(--t);font-weight:700;display:block;font-size:.9rem}\n"
    ".verdict ul{margin:.5rem 0 0;padding-left:1.2rem}.verdict li{margin:.2rem 0;max-width:46rem}\n"
    ".neutral{--t:var(--accent)}.good{--t:var(--good)}.mixed{--t:var(--mixed)}.bad{--t:var(--bad)}\n";

static const char blocks[] =
    ".cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(10rem,1fr));gap:.8rem;margin:1rem 0}\n"
    ".card{background:var(--panel);border:1px solid var(--line);border-radius:.4rem;padding:.7rem .9rem}\n"
    ".card b{display:block;font-size:1.45rem;line-height:1.3;font-variant-numeric:tabular-nums;"
    "overflow-wrap:anywhere}.card span,.card small{color:var(--soft);display:block;font-size:.85rem}\n"
    "dl.facts{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1.2rem;margin:1rem 0}\n"
    "dl.facts dt{color:var(--soft)}dl.facts dd{margin:0;overflow-wrap:anywhere}\n"
    "dl.words dt{font-weight:600;margin-top:.7rem}dl.words dd{margin:0;max-width:46rem}\n"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.92rem;font-variant-numeric:tabular-nums}\n"
    "th,td{padding:.3rem .7rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:baseline}\n"
    "thead th{color:var(--soft);font-weight:600}tbody "
    "th{font-weight:500}.num{text-align:right;white-space:nowrap}thead .num{white-space:normal}\n"
    "figure{margin:1.2rem 0}figure .how,.how{font-size:.88rem;margin:.4rem 0 0;max-width:46rem}\n"
    ".live .when{display:none}pre{overflow-x:auto;font-size:.85rem;line-height:1.4;background:var(--panel);"
    "padding:.7rem;border-radius:.4rem}\n"
    "details{margin:1rem 0}summary{cursor:pointer;color:var(--accent)}\n"
    ".grid{display:flex;flex-wrap:wrap;gap:1rem;align-items:flex-start}\n"
    ".item{background:var(--panel);border:1px solid var(--line);border-radius:.4rem;padding:.6rem;max-width:100%}\n"
    ".item h3{font-size:.85rem;margin:0 0 .4rem;overflow-wrap:anywhere}\n"
    ".row{display:flex;flex-wrap:wrap;gap:.5rem;max-width:100%}\n"
    ".pic{display:inline-block;margin:0;vertical-align:top;max-width:100%}\n"
    ".pic img{display:block;max-width:100%;height:auto;image-rendering:pixelated;border-radius:2px}\n"
    ".pic span{display:block;font-size:.78rem;color:var(--soft);line-height:1.35;margin-top:.2rem}\n"
    ".slider{position:sticky;top:0;z-index:1;display:flex;flex-wrap:wrap;align-items:center;gap:.3rem .8rem;"
    "background:var(--paper);padding:.5rem 0;margin:.4rem 0}.slider input{flex:1 1 14rem;max-width:34rem;"
    "accent-color:var(--accent)}.slider output{min-width:9rem;font-weight:600;font-variant-numeric:tabular-nums}\n"
    "@media(max-width:40rem){dl.facts{grid-template-columns:1fr;gap:0}dl.facts dd{margin-bottom:.5rem}"
    "th,td{padding:.3rem .45rem}}\n"
    "@media print{:root{--paper:#fff;--ink:#000;--soft:#444;--line:#bbb;--panel:#fff}nav,.slider{display:none}"
    "figure,.card,.item,.verdict,tr{break-inside:avoid}h2{break-after:avoid}}\n";

/* ---- charts ---- */

static const char charts[] =
    ".chart{overflow-x:auto}.chart svg{display:block;width:100%;height:auto;min-width:34rem;max-width:60rem}\n"
    ".chart.small svg{min-width:15rem;max-width:26rem}\n"
    ".multiples{display:grid;grid-template-columns:repeat(auto-fill,minmax(17rem,1fr));gap:1rem}\n"
    ".multiples figure{margin:0}\n"
    "svg text{fill:var(--ink);font:12px system-ui,sans-serif}svg .soft{fill:var(--soft)}\n"
    "svg .axis{stroke:var(--soft);fill:none}svg .rule{stroke:var(--line);fill:none}\n"
    "svg .mark{stroke:var(--soft);stroke-dasharray:2 3;fill:none}\n"
    "svg .line{fill:none;stroke:var(--c);stroke-width:2;stroke-linejoin:round}svg .faint{opacity:.45;stroke-width:1}\n"
    "svg .area{fill:var(--c);stroke:none;opacity:.22}svg .bar{fill:var(--c);stroke:none}\n"
    "svg .dot{fill:var(--c);stroke:var(--paper);stroke-width:.5}svg .open{fill:none;stroke:var(--c);stroke-width:1.6}\n"
    "svg .whisker{stroke:var(--ink);stroke-width:1.5;fill:none}\n"
    ".c0{--c:#0072b2}.c1{--c:#d55e00}.c2{--c:#009e73}.c3{--c:#cc79a7}.c4{--c:#e69f00}.c5{--c:#56b4e9}"
    ".c6{--c:var(--ink)}.c7{--c:#b8a800}\n"
    "@media(prefers-color-scheme:dark){.c0{--c:#3d9fe0}.c1{--c:#f07a1e}.c7{--c:#f0e442}}\n"
    ".heat td,.heat th{border:0;padding:.45rem .7rem;text-align:center}.heat tbody th{text-align:left}\n"
    ".heat td small{display:block;font-size:.75rem}.heat td.ring{outline:2px dashed currentColor;outline-offset:-3px}\n"
    "@media print{.heat td{print-color-adjust:exact;-webkit-print-color-adjust:exact}}\n";

const char *const nn_page_style[] = { basics, blocks, charts, NULL };

/* ---- behaviour: a slider over the frames of each group ---- */

static const char slider[] =
    "(function(){'use strict';\n"
    "document.querySelectorAll('.frames').forEach(function(box){\n"
    "  var frames=Array.from(box.querySelectorAll('[data-frame]'));\n"
    "  var last=frames.reduce(function(m,e){return Math.max(m,Number(e.dataset.frame));},0);\n"
    "  if(last===0){return;}\n"
    "  var bar=document.createElement('label'),text=document.createElement('span');\n"
    "  var input=document.createElement('input'),said=document.createElement('output');\n"
    "  bar.className='slider';text.textContent=box.dataset.what;\n"
    "  input.type='range';input.min='0';input.max=String(last);input.step='1';input.value=String(last);\n"
    "  function show(){frames.forEach(function(e){\n"
    "    e.hidden=e.dataset.frame!==input.value;if(!e.hidden){said.textContent=e.dataset.label;}});\n"
    "    input.setAttribute('aria-valuetext',said.textContent);}\n"
    "  input.addEventListener('input',show);\n"
    "  box.classList.add('live');bar.append(text,input,said);box.prepend(bar);show();\n"
    "});})();\n";

const char *const nn_page_script[] = { slider, NULL };
