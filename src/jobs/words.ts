import { TranslationBundle } from '@jupyterlab/translation';

import { IJob } from '../api/jobTypes';
import { Dot } from '../words';

export const RUNNING = 'Running';
const ENDED = new Set(['Completed', 'Failed', 'Terminated', 'Abnormal']);

/** The cloud's word for a job's phase, in the user's language. */
export function jobState(phase: string, trans: TranslationBundle): string {
  const words: { [phase: string]: string } = {
    Creating: trans.__('being made'),
    Pending: trans.__('waiting'),
    Running: trans.__('running'),
    Completed: trans.__('done'),
    Failed: trans.__('failed'),
    Abnormal: trans.__('failed'),
    Terminating: trans.__('stopping'),
    Terminated: trans.__('stopped')
  };
  return words[phase] ?? phase.toLowerCase();
}

export function jobDot({ phase }: IJob): Dot {
  if (phase === RUNNING) {
    return 'ready';
  }
  if (phase === 'Failed' || phase === 'Abnormal') {
    return 'attention';
  }
  return ENDED.has(phase) ? 'none' : 'working';
}

export function hasEnded({ phase }: IJob): boolean {
  return ENDED.has(phase);
}

/** Running ones first, then what will run; in each the newest first, as the server has them. */
export function inOrder(jobs: readonly IJob[]): IJob[] {
  const rank = (job: IJob) =>
    job.phase === RUNNING ? 0 : hasEnded(job) ? 2 : 1;
  return [...jobs].sort((one, other) => rank(one) - rank(other));
}

/** Why a shell in this job would be refused, in words; empty: nothing is known against it. */
export function whyNoShell(job: IJob, trans: TranslationBundle): string {
  if (job.phase !== RUNNING) {
    return hasEnded(job)
      ? trans.__('A shell needs a running job; this one has ended.')
      : trans.__('A shell needs a running job; this one does not run yet.');
  }
  if (!job.key_pairs.length && !job.pool) {
    return trans.__(
      'There is no way in: it was submitted without a key pair, in the public pool. Submit it with a key pair of yours next time.'
    );
  }
  return '';
}
