import { ServerConnection } from '@jupyterlab/services';

import {
  ICloudStatus,
  IFolder,
  IHookStatus,
  IKeyPair,
  ILease,
  INotebook,
  IShare,
  ISshCheck,
  ISshSetup,
  IStorage,
  IUnlocked
} from './cloudTypes';
import { request } from './request';

type Query = { [key: string]: string | readonly string[] | undefined };

/** The cloud's part of our REST API. Every method rejects with `ApiError`. */
export class CloudClient {
  constructor(
    private readonly _settings: ServerConnection.ISettings = ServerConnection.makeSettings()
  ) {}

  status(): Promise<ICloudStatus> {
    return this._get('cloud');
  }

  async notebooks(): Promise<INotebook[]> {
    return (await this._get<{ notebooks: INotebook[] }>('notebooks')).notebooks;
  }

  /** @param notebook - id or name; without: this one. */
  notebook(notebook = 'this'): Promise<INotebook> {
    return this._get(`notebooks/${encodeURIComponent(notebook)}`);
  }

  lease(notebook = 'this'): Promise<ILease> {
    return this._get(`notebooks/${encodeURIComponent(notebook)}/lease`);
  }

  async storages(): Promise<IStorage[]> {
    return (await this._get<{ storages: IStorage[] }>('storages')).storages;
  }

  /** One storage, measured: this writes a small file there. */
  storage(path: string): Promise<IStorage> {
    return this._get('storages/show', { path, measure: 'true' });
  }

  async shares(): Promise<IShare[]> {
    return (await this._get<{ shares: IShare[] }>('shares')).shares;
  }

  /** @param paths - folders to ask about besides those that a policy names. */
  async folders(share: string, paths: string[] = []): Promise<IFolder[]> {
    const path = `shares/${encodeURIComponent(share)}/folders`;
    return (await this._get<{ folders: IFolder[] }>(path, { path: paths }))
      .folders;
  }

  /** @param keyFile - the private key's file on the laptop. */
  ssh(notebook?: string, keyFile?: string): Promise<ISshSetup> {
    return this._get('ssh', { notebook, key_file: keyFile });
  }

  async keys(): Promise<IKeyPair[]> {
    return (await this._get<{ keys: IKeyPair[] }>('ssh/keys')).keys;
  }

  /** @param said - what `ssh` or an editor complained of. */
  sshCheck(notebook?: string, said?: string): Promise<ISshCheck> {
    return this._get('ssh/check', { notebook, said });
  }

  /** Keep a private key on the disk. A passphrase goes nowhere but here. */
  async keepKey(
    name: string,
    how: { passphrase: string } | { disk_is_mine: true }
  ): Promise<void> {
    await this._post(`ssh/keys/${encodeURIComponent(name)}/keep`, how);
  }

  unlock(passphrase?: string, name?: string): Promise<IUnlocked> {
    return this._post('ssh/unlock', { passphrase, name });
  }

  lock(): Promise<IUnlocked> {
    return this._post('ssh/lock', {});
  }

  /** @param registration - ask the cloud too. */
  hook(registration: boolean): Promise<IHookStatus> {
    return this._get('hook', { registration: String(registration) });
  }

  private _get<T>(path: string, query: Query = {}): Promise<T> {
    const search = new URLSearchParams();
    for (const [key, value] of Object.entries(query)) {
      for (const one of typeof value === 'string' ? [value] : (value ?? [])) {
        if (one) {
          search.append(key, one);
        }
      }
    }
    const text = search.toString();
    return request<T>(this._settings, text ? `${path}?${text}` : path);
  }

  private _post<T>(path: string, body: object): Promise<T> {
    return request<T>(this._settings, path, {
      method: 'POST',
      body: JSON.stringify(body)
    });
  }
}
