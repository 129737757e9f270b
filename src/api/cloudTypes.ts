/** What the REST API sends about the cloud, word for word. Times are ISO 8601. */

import { IWireError } from './types';

/** `kind` is `none` where there are no keys or no SDK, `local` for the local cloud. */
export interface ICloudStatus {
  endpoint: string;
  region: string;
  project: string;
  /** The id of this notebook; empty where it is not known. */
  instance: string;
  access_key: string;
  keys_from: string;
  kind: 'local' | 'cloud' | 'none';
  error: IWireError | null;
}

/** `remaining` in seconds, null where the notebook does not stop by itself. */
export interface ILease {
  enabled: boolean;
  kind: 'TIMING' | 'IDLE' | string;
  ends: string | null;
  remaining: number | null;
}

export interface INotebook {
  id: string;
  name: string;
  status: string;
  description: string;
  flavor: string;
  image: { id: string; name: string; path: string };
  pool: { id: string; name: string } | null;
  lease: ILease | null;
  endpoints: {
    service: string;
    uri: string;
    key_pairs: string[];
    allowed_ips: string[];
  }[];
  user: string;
  created: string;
  fail_reason: string;
}

/** What this machine sees at a path. Sizes in bytes, times in milliseconds. */
export interface IMachine {
  mounted: boolean;
  fstype: string;
  source: string;
  read_only: boolean;
  answers: boolean;
  total: number | null;
  used: number | null;
  free: number | null;
  stat_ms: number | null;
  write_ms: number | null;
}

export interface IStorage {
  id: string;
  category: string;
  path: string;
  uri: string;
  status: string;
  failure: string;
  share: string;
  kind: string;
  machine: IMachine | null;
}

/** Sizes in GB. */
export interface IShare {
  id: string;
  name: string;
  status: string;
  size: number | null;
  free: number | null;
  export: string;
  kind: string;
}

/** Sizes in bytes; `allowed` null: it cannot be found out. */
export interface IFolder {
  share: string;
  path: string;
  allowed: boolean | null;
  exists: boolean | null;
  mode: string;
  capacity: number | null;
  used: number | null;
  inodes: number | null;
  used_inodes: number | null;
  why: string;
}

export interface ISshEndpoint {
  id: string;
  name: string;
  status: string;
  user: string;
  exists: boolean;
  address: { user: string; host: string; port: number } | null;
  key_pairs: string[];
  allowed_ips: string[];
}

export type LaptopSystem = 'macos' | 'linux' | 'windows';

/** What to paste on the laptop; `host` is what one types after `ssh`. */
export interface ILaptop {
  host: string;
  block: string;
  paste_into: {
    system: LaptopSystem;
    file: string;
    open: string;
    protect: string;
  }[];
}

/** `in_force` false: from the next start on; null: nothing was changed. */
export interface ISshSetup {
  endpoint: ISshEndpoint;
  in_force: boolean | null;
  laptop: ILaptop | null;
}

/** `private` says where its private half is kept by us. */
export interface IKeyPair {
  name: string;
  scope: 'user' | 'domain' | string;
  seen_in: string[];
  fingerprint: string;
  public_key: string;
  hosted: boolean;
  private: string[];
}

export interface ISshFinding {
  code: string;
  level: 'ok' | 'warning' | 'problem';
  message: string;
  fix: string;
}

export interface ISshCheck {
  notebook: string;
  healthy: boolean;
  logged_in: boolean | null;
  findings: ISshFinding[];
}

export interface IUnlocked {
  opened: string[];
  refused: string[];
}

/** `registered` null: the service does not show hooks. */
export interface IHookRegistration {
  instance: string;
  registered: boolean | null;
  current: boolean | null;
  others: string[];
}

/** `command` is what the platform has to run; null where nothing is installed. */
export interface IHookStatus {
  installed: boolean;
  version: string | null;
  unaltered: boolean;
  command: string | null;
  registration: IHookRegistration | null;
  problem: IWireError | null;
}
