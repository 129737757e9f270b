import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { IJob, IJobEvent, IJobLine, INewShell, IShell } from './jobTypes';
import { BASE, request } from './request';

/** Jobs and shells in our REST API. Every method rejects with `ApiError`. */
export class JobClient {
  constructor(
    readonly settings: ServerConnection.ISettings = ServerConnection.makeSettings()
  ) {}

  /** The newest jobs, at most so many; without a limit 50. */
  async jobs(limit?: number): Promise<IJob[]> {
    const where = limit === undefined ? 'jobs' : `jobs?limit=${limit}`;
    return (await this._ask<{ jobs: IJob[] }>(where)).jobs;
  }

  /** @param job - id or name. */
  job(job: string): Promise<IJob> {
    return this._ask(path(job));
  }

  /** The newest lines of one task. */
  async logs(job: string, task: string, lines: number): Promise<IJobLine[]> {
    const query = new URLSearchParams({ task, lines: String(lines) });
    const where = `${path(job)}/logs?${query.toString()}`;
    return (await this._ask<{ lines: IJobLine[] }>(where)).lines;
  }

  /** The newest events, the oldest of them first. */
  async events(job: string, limit: number): Promise<IJobEvent[]> {
    const where = `${path(job)}/events?limit=${limit}`;
    return (await this._ask<{ events: IJobEvent[] }>(where)).events;
  }

  /** Open a shell; resolves when it is open. */
  openShell(
    shell: INewShell & { rows: number; columns: number }
  ): Promise<IShell> {
    return this._ask('shells', {
      method: 'POST',
      body: JSON.stringify(shell)
    });
  }

  shell(id: string): Promise<IShell> {
    return this._ask(`shells/${encodeURIComponent(id)}`);
  }

  closeShell(id: string): Promise<void> {
    return this._ask(`shells/${encodeURIComponent(id)}`, { method: 'DELETE' });
  }

  /** The terminal of a shell. @param offset - how many bytes are here already. */
  channel(id: string, offset?: number): WebSocket {
    const { wsUrl, appendToken, token } = this.settings;
    const query = new URLSearchParams();
    if (offset !== undefined) {
      query.set('offset', String(offset));
    }
    if (appendToken && token) {
      query.set('token', token);
    }
    const where = URLExt.join(wsUrl, BASE, 'shells', id, 'channel');
    return new this.settings.WebSocket(`${where}?${query.toString()}`);
  }

  private _ask<T>(where: string, init?: RequestInit): Promise<T> {
    return request<T>(this.settings, where, init);
  }
}

function path(job: string): string {
  return `jobs/${encodeURIComponent(job)}`;
}
