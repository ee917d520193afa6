/** The report has uPlot's own script before this one. */
declare const uPlot: typeof import('uplot');
type uPlot = InstanceType<typeof uPlot>;
