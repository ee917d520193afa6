/** Whether the machine had nothing else to do while something was measured. */
import { readdirSync, readFileSync } from 'node:fs';

export interface Busy {
  /** Share of the time of all processors that other processes took; undefined where the system does not tell. */
  readonly others?: number;
  /** Share that the host of a virtual machine gave to somebody else. */
  readonly stolen?: number;
}

/** Above these, figures tell more of the neighbours than of the code. */
const MOST = { others: 0.05, stolen: 0.02 };

/** Jiffies of Linux: a hundredth of a second each. */
const JIFFY = 0.01;

/** Begins to watch; the function that is returned says what was seen since. */
export function watchMachine(): () => Busy {
  const began = processorTimes();
  const own = began ? ownSeconds() : 0;
  return () => {
    const ended = processorTimes();
    if (!began || !ended) return {};
    const all = ended.all - began.all;
    const others = ended.busy - began.busy - (ownSeconds() - own) / JIFFY;
    return { others: Math.max(0, others) / all, stolen: (ended.stolen - began.stolen) / all };
  };
}

/** For above a table: what disturbed, and that it did. */
export function describeBusy({ others, stolen }: Busy): string {
  if (others === undefined || stolen === undefined) return 'How busy the machine was is not known here.';
  const share = (value: number) => `${(100 * value).toFixed(1)} %`;
  const noisy = others > MOST.others || stolen > MOST.stolen;
  const seen = `other processes took ${share(others)} of the processors' time, the host ${share(stolen)}`;
  return noisy ? `NOISY, figures are not to be trusted: ${seen}.` : `Quiet: ${seen}.`;
}

/** Of all processors since the machine started, in jiffies. */
function processorTimes(): { all: number; busy: number; stolen: number } | undefined {
  try {
    const [line] = readFileSync('/proc/stat', 'utf8').split('\n');
    const [user, nice, system, idle, wait, irq, soft, stolen] = line.split(/\s+/).slice(1).map(Number);
    const busy = user + nice + system + irq + soft;
    return { all: busy + idle + wait + stolen, busy, stolen };
  } catch {
    return undefined;
  }
}

/** Of this process and those that it started, which are one group: peers are measured, they do not disturb. */
function ownSeconds(): number {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const group = fieldsOf('self')?.[2];
  return all.reduce((sum, pid) => {
    const fields = fieldsOf(pid);
    if (!fields || fields[2] !== group) return sum;
    const [user, system, childUser, childSystem] = fields.slice(11, 15).map(Number);
    return sum + (user + system + childUser + childSystem) * JIFFY;
  }, 0);
}

/** What /proc/PID/stat says after the process's name; undefined where it has ended. */
function fieldsOf(pid: string): string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
  } catch {
    return undefined;
  }
}
