/** The assignment's additions to the run report's style sheet: mathematics, contents, drawings and paper. */
import { STYLE } from '../../report/style.js';

const SCREEN = `
.abstract { max-width: 44rem; margin-top: 1rem; font-size: 1.125rem; color: var(--muted); }
nav ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 0.375rem 2rem; }
section > p:not(.lead, .after), .derivation > p { max-width: 44rem; margin: 0.75rem 0; }
.after { max-width: 44rem; margin: 1.25rem 0; }
section > h3 { font-size: 1.125rem; margin: 3rem 0 0; }
h3 + .lead { margin-top: 0.375rem; }
h4 { margin: 0; font-size: 0.9375rem; font-weight: 600; }
.charts + .scroll { margin-top: 1.5rem; }
.figures + .charts, .formulas + .charts { margin-top: 2rem; }
.nowrap { white-space: nowrap; }
sup { font-size: 0.72em; line-height: 0; }
code { font-family: var(--mono); font-size: 0.9em; }
.wrong { color: var(--validation); }
.notice p + p { margin-top: 0.375rem; }

math { font-family: "STIX Two Math", "STIXTwoMath-Regular", "Cambria Math", "Latin Modern Math", "TeX Gyre Termes Math", "TeX Gyre DejaVu Math", "DejaVu Math TeX Gyre", math; font-feature-settings: "dtls" off; }
math * { border-color: currentColor; }
mtd.tml-left { text-align: -webkit-left; }
.formulas { overflow-x: auto; margin: 0.5rem 0 0; padding: 0.25rem 0 0.25rem 1.25rem; border-left: 2px solid var(--rule); }
.formula { padding: 0.375rem 0; width: max-content; }
.formula math { display: block math; font-size: 1.0625rem; width: max-content; text-align: left; }
.outcome { margin: 0.25rem 0 0; }
.outcome .formula { padding: 0.5rem 1rem; margin-left: -1rem; background: var(--raised); border-radius: 4px; }
.derivation { padding-top: 1rem; margin-top: 1.25rem; }
.derivation h3 { font-size: 1.0625rem; margin-bottom: 0.5rem; }
.number { color: var(--muted); font-weight: 400; margin-right: 0.375rem; }
.gradients { margin-top: 1.5rem; }
.gradients td { vertical-align: middle; padding-block: 0.5rem; }
.gradients .formula-text { white-space: nowrap; font-family: var(--mono); font-size: 0.8125rem; }
.gradients th[scope="row"] { font-family: var(--mono); }
.gradients .text { white-space: nowrap; }
.differs > * { background: color-mix(in srgb, rgb(var(--miss)) 12%, var(--paper)) !important; }

.digits { display: grid; grid-template-columns: repeat(auto-fit, minmax(3.5rem, 1fr)); gap: 1rem; max-width: 56rem; }
.digits li { display: grid; gap: 0.375rem; justify-items: center; }
.digits img { width: 100%; height: auto; image-rendering: pixelated; border-radius: 3px; background: #000; }
.digits span { color: var(--muted); font-size: 0.75rem; }
.boundaries { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 2rem 3rem; margin-bottom: 1.5rem; }
.boundaries figcaption { margin-bottom: 0.5rem; }
.boundary { display: block; width: 100%; max-width: 32rem; height: auto; font-size: 10px; }
.boundary text { fill: var(--muted); }
.boundary .frame { fill: none; stroke: var(--rule); }
.boundary .dots { fill: none; stroke-width: 2.4; stroke-linecap: round; opacity: 0.75; }
.boundary .zero { stroke: var(--train); }
.boundary .one { stroke: var(--validation); }
.boundary .true, .boundary .learnt { fill: none; stroke: var(--ink); stroke-width: 1.6; }
.boundary .true { stroke-dasharray: 5 4; stroke-width: 1.3; }
.triple { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); gap: 1.5rem 2.5rem; align-items: start; }
.triple > div { min-width: 0; overflow-x: auto; }
.triple :is(th, td) { padding-inline: 0.5rem; }
.pair h3 { font-size: 0.9375rem; margin-bottom: 0.5rem; }
.units { display: grid; grid-template-columns: repeat(auto-fill, minmax(5rem, 1fr)); gap: 1rem 0.875rem; }
.units img { display: block; width: 100%; height: auto; image-rendering: pixelated; outline: 1px solid var(--rule); border-radius: 2px; }
.units figcaption { display: flex; justify-content: space-between; margin-top: 0.25rem; font-size: 0.75rem; }
.units span { color: var(--muted); }
.orange { color: var(--validation); }
.blue { color: var(--train); }
.topic { margin-top: 2.5rem; }
.topic > p { max-width: 44rem; margin: 0.5rem 0; }
.beside { display: grid; grid-template-columns: minmax(0, 20rem) minmax(0, 1fr); gap: 1rem 1.75rem; align-items: start; margin-top: 0.75rem; }
.codes { display: grid; gap: 1rem; min-width: 0; }
.code { margin: 0; min-width: 0; }
.code figcaption { font-size: 0.8125rem; margin-bottom: 0.25rem; }
.code figcaption span { color: var(--muted); font-family: var(--mono); font-size: 0.75rem; margin-left: 0.5rem; }
.code pre { margin: 0; padding: 0.625rem 0.875rem; overflow-x: auto; background: var(--raised); border-radius: 4px; font-family: var(--mono); font-size: 0.71875rem; line-height: 1.5; }
.code code { font-size: inherit; }
details { margin-top: 1.25rem; }
summary { cursor: pointer; font-size: 0.875rem; color: var(--muted); margin-bottom: 0.5rem; }

.bars { display: grid; gap: 0.4375rem; margin-bottom: 2.5rem; font-size: 0.875rem; }
.bar { display: grid; grid-template-columns: 20rem 1fr 5rem; gap: 1rem; align-items: center; }
.bar .track { position: relative; height: 1.125rem; }
.bar i { display: block; height: 100%; border-radius: 0 3px 3px 0; background: var(--muted); min-width: 2px; }
.bar.fit i { background: var(--train); }
.bar.batched i { background: color-mix(in srgb, var(--train) 60%, var(--paper)); }
.bar.tensor i { background: color-mix(in srgb, var(--train) 32%, var(--paper)); }
.bar .amount { text-align: right; }
.bar.scale { color: var(--muted); font-size: 0.75rem; }
.bar.scale .track { border-top: 1px solid var(--rule); }
.bar b { position: absolute; top: 0.25rem; transform: translateX(-50%); font-weight: 400; }
.bar b:first-child { transform: none; }
.bar b:last-child { transform: translateX(-100%); }
.conclusions { display: grid; gap: 1.25rem; max-width: 56rem; }
.conclusions > div { display: grid; grid-template-columns: 12rem 1fr; gap: 0.25rem 2rem; border-top: 1px solid var(--rule); padding-top: 0.75rem; }
.conclusions dd { font-size: 1rem; line-height: 1.55; font-weight: 400; letter-spacing: 0; }
#reproducibility .settings th { width: 18rem; }
@media (max-width: 52rem) {
  .digits { grid-template-columns: repeat(5, 1fr); }
  .beside { grid-template-columns: minmax(0, 1fr); }
  .conclusions > div { grid-template-columns: 1fr; }
  .bar { grid-template-columns: 1fr 4.5rem; gap: 0.125rem 0.75rem; }
  .bar .name { grid-column: 1 / -1; }
  .bar.scale .name { display: none; }
  #reproducibility .settings th { width: 40%; }
}
`;

const PAPER = `
@media print {
  nav { display: block !important; break-after: page; }
  nav ul { grid-template-columns: 1fr 1fr; }
  section > h3 { margin-top: 1.75rem; }
  h4, figcaption, summary { break-after: avoid; }
  .derivation, .formula, .formulas, .notice, .boundaries figure, .bar, .units li, .digits, .conclusions > div, .charts, .figures { break-inside: avoid; }
  .formulas { overflow: visible; }
  #q3, #q4, #q7, #final, #original { break-before: page; }
  .beside { grid-template-columns: minmax(0, 1fr); }
  .code { break-inside: avoid; }
  .code pre { white-space: pre-wrap; overflow: visible; }
  .boundaries { grid-template-columns: 1fr 1fr; }
  .digits { grid-template-columns: repeat(10, 1fr); gap: 0.5rem; }
  .units { grid-template-columns: repeat(10, 1fr); gap: 0.5rem; }
  .triple { grid-template-columns: repeat(3, 1fr); gap: 1rem; font-size: 0.75rem; }
  .triple > div { overflow: visible; }
  .triple table { font-size: inherit; }
  .triple :is(th, td) { padding: 0.125rem 0.25rem !important; }
  .bar { grid-template-columns: 15rem 1fr 4rem; }
  .bar i, .digits img, .units img, .differs > *, .outcome .formula { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  .gradients td, .gradients th { font-size: 0.75rem; }
}
`;

export const ASSIGNMENT_STYLE = STYLE + SCREEN + PAPER;
