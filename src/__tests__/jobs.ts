import { IJob } from '../api/jobTypes';

/** A running job of two tasks that can be entered. */
export function job(change: Partial<IJob> = {}): IJob {
  return {
    id: 'j1',
    name: 'mine',
    phase: 'Running',
    secondary_phase: 'Running',
    description: '',
    user: 'ada',
    created: '2026-11-01T00:00:00+00:00',
    started: '2026-11-01T00:00:00+00:00',
    seconds: 65,
    pool: { id: 'p', name: 'demo-pool' },
    flavor: '',
    nodes: 2,
    image: 'team/image:1',
    command: 'python train.py',
    code: '',
    key_pairs: ['laptop'],
    tasks: ['worker-0', 'worker-1'].map(name => ({
      name,
      ssh: 'ssh://ma-user@host:1',
      exit_code: null,
      message: ''
    })),
    inputs: [],
    outputs: [],
    volumes: [],
    ...change
  };
}
