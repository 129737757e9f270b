/** Training jobs and shells as the REST API sends them. Times ISO 8601. */

export interface IJobTask {
  name: string;
  /** Its SSH address; empty while there is none. */
  ssh: string;
  exit_code: number | null;
  message: string;
}

export interface IJob {
  id: string;
  name: string;
  phase: string;
  secondary_phase: string;
  description: string;
  user: string;
  created: string;
  started: string;
  seconds: number | null;
  /** null: the public pool. */
  pool: { id: string; name: string } | null;
  flavor: string;
  nodes: number | null;
  image: string;
  command: string;
  code: string;
  key_pairs: string[];
  tasks: IJobTask[];
  inputs: string[];
  outputs: string[];
  volumes: { source: string; path: string; read_only: boolean }[];
}

export interface IJobLine {
  task: string;
  text: string;
}

export interface IJobEvent {
  time: string;
  level: string;
  message: string;
  source: string;
}

/** What to open a shell in. */
export interface INewShell {
  job: string;
  task?: string;
  transport?: 'ssh' | 'exec';
}

export interface IShell {
  id: string;
  state: string;
  attached: boolean;
  started: string;
  job: string;
  job_name: string;
  task: string;
  transport: string;
}
