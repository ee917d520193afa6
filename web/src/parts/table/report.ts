/** The report of a training on a table: the page that the command line writes, made here. */
import {
  type Dataset,
  type Engine,
  type Evaluation,
  type History,
  type Sequential,
  weightsSha256,
} from 'lanegrad';
import type { TableSummary } from 'lanegrad/tables';
import uplotScript from 'uplot/dist/uPlot.iife.min.js?raw';
import uplotStyle from 'uplot/dist/uPlot.min.css?raw';
import { layerWidths } from '../../../../src/nn/summary.js';
import { renderReport } from '../../../../src/report/index.js';
import type { ClassTest, NumberTest } from './protocol.js';

export interface ReportParts {
  readonly engine: Engine;
  readonly model: Sequential;
  readonly history: History;
  readonly summary: TableSummary;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly measured: Evaluation | undefined;
  readonly test: Dataset | undefined;
  readonly result: ClassTest | NumberTest | undefined;
}

/** One HTML file that needs nothing else. */
export async function writeReport(given: ReportParts): Promise<string> {
  const { engine, model, history, summary, settings, measured, test, result } = given;
  const layers = layerWidths(model);
  return renderReport(
    {
      title: `${summary.table} · ${layers.join('-')}`,
      createdAt: new Date().toISOString(),
      history,
      ...(measured && { test: measured }),
      ...(test &&
        result?.kind === 'classification' && {
          testSet: { labels: test.labels, classNames: result.classes },
        }),
      ...(result?.kind === 'regression' && {
        regression: { target: summary.target.name, actual: result.actual, predicted: result.predicted },
      }),
      table: summary,
      config: { ...settings, optimizer: 'adam', target: summary.target.name },
      engine: { ...engine.info },
      facts: {
        parameters: model.parameterCount,
        weightsSha256: await weightsSha256(model),
        layers,
        interrupted: history.outcome === 'aborted',
      },
    },
    { script: uplotScript, style: uplotStyle },
  );
}
