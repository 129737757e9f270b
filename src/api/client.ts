import { ServerConnection } from '@jupyterlab/services';

import { request } from './request';
import { IDifference, ISource, IVersion } from './sealedTypes';
import {
  IArchive,
  IEnvironment,
  IFinding,
  IOperation,
  IPackage,
  IPreflight,
  IRemoved,
  IStatus,
  Params,
  Verb
} from './types';

/** Our REST API, one method a resource. Every method rejects with `ApiError`. */
export class Client {
  constructor(
    private readonly _settings: ServerConnection.ISettings = ServerConnection.makeSettings()
  ) {}

  status(): Promise<IStatus> {
    return this._get('status');
  }

  async environments(): Promise<IEnvironment[]> {
    return (await this._get<{ environments: IEnvironment[] }>('environments'))
      .environments;
  }

  async packages(name: string): Promise<IPackage[]> {
    const path = `environments/${encodeURIComponent(name)}/packages`;
    return (await this._get<{ packages: IPackage[] }>(path)).packages;
  }

  async export(name: string, format: 'yaml' | 'lock'): Promise<string> {
    const path = `environments/${encodeURIComponent(name)}/export?format=${format}`;
    return (await this._get<{ text: string }>(path)).text;
  }

  async check(name: string): Promise<IFinding[]> {
    const path = `environments/${encodeURIComponent(name)}/check`;
    return (await this._get<{ findings: IFinding[] }>(path)).findings;
  }

  preflight(name: string): Promise<IPreflight> {
    return this._get(`environments/${encodeURIComponent(name)}/preflight`);
  }

  /** All versions, the newest first. */
  async versions(name: string): Promise<IVersion[]> {
    const path = `environments/${encodeURIComponent(name)}/versions`;
    return (await this._get<{ versions: IVersion[] }>(path)).versions;
  }

  /** What lies between two versions. @param before, after - a number, or `unsaved`. */
  difference(
    name: string,
    before: string,
    after: string
  ): Promise<IDifference> {
    const query = new URLSearchParams({ a: before, b: after });
    return this._get(
      `environments/${encodeURIComponent(name)}/diff?${query.toString()}`
    );
  }

  /** Folders of others, and the sealed environments in them. */
  async sources(): Promise<ISource[]> {
    return (await this._get<{ sources: ISource[] }>('sources')).sources;
  }

  async archives(): Promise<IArchive[]> {
    return (await this._get<{ archives: IArchive[] }>('archives')).archives;
  }

  async removed(): Promise<IRemoved[]> {
    return (await this._get<{ removed: IRemoved[] }>('bin')).removed;
  }

  /** A free name that resembles `wanted`. */
  async suggestName(wanted: string): Promise<string> {
    const path = `suggest-name?wanted=${encodeURIComponent(wanted)}`;
    return (await this._get<{ name: string }>(path)).name;
  }

  async operations(): Promise<IOperation[]> {
    return (await this._get<{ operations: IOperation[] }>('operations'))
      .operations;
  }

  /** Start a long piece of work; parameters that are undefined are not sent. */
  start(verb: Verb, params: Params): Promise<IOperation> {
    return request(this._settings, 'operations', {
      method: 'POST',
      body: JSON.stringify({ verb, params })
    });
  }

  /** Cancel a running operation, or dismiss an ended one. */
  async end(id: string): Promise<void> {
    await request(this._settings, `operations/${encodeURIComponent(id)}`, {
      method: 'DELETE'
    });
  }

  /** The log from `offset` on, and the offset to ask for next. */
  log(id: string, offset: number): Promise<{ text: string; offset: number }> {
    return this._get(
      `operations/${encodeURIComponent(id)}/log?offset=${offset}`
    );
  }

  private _get<T>(path: string): Promise<T> {
    return request<T>(this._settings, path);
  }
}
