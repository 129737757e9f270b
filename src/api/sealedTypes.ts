/** What the REST API sends about versions, sources and images, word for word. */

/** One version of an environment. */
export interface IVersion {
  name: string;
  number: number;
  created: string;
  why: string;
  owner: string;
  /** The version it was made from. */
  parent: number | null;
  python: string | null;
  platform: string;
  arch: string;
  /** The oldest C library that runs it; empty: any. */
  glibc: string;
  accelerator: string;
  /** How many. */
  packages: number;
  highlights: string[];
  files: number;
  /** Unpacked. */
  size: number;
  /** What it added to the images of its parent. */
  stored: number;
  /** It is on the local disk. */
  filled: boolean;
  /** Kernels here start from it. */
  chosen: boolean;
  /** Why it cannot be used; empty: it can. */
  problem: string;
}

export interface IPackageChange {
  name: string;
  manager: 'conda' | 'pip';
  /** null: it was added. */
  before: string | null;
  /** null: it went. */
  after: string | null;
}

export interface IFileChanges {
  count: number;
  bytes: number;
  /** The first of them. */
  paths: string[];
}

/** What lies between two versions; `before` and `after` are numbers or `unsaved`. */
export interface IDifference {
  name: string;
  before: string;
  after: string;
  packages: IPackageChange[];
  added: IFileChanges;
  removed: IFileChanges;
  changed: IFileChanges;
}

/** A sealed environment of a source; `name` is what a clone takes, as `team:mine`. */
export interface IOffered {
  name: string;
  number: number;
  created: string;
  why: string;
  python: string | null;
  arch: string;
  glibc: string;
  accelerator: string;
  highlights: string[];
  size: number;
  stored: number;
  /** Why it cannot run here; empty: it can. */
  unfit: string;
}

/** A folder of a team mate or a team. */
export interface ISource {
  name: string;
  path: string;
  environments: IOffered[];
  /** Why it cannot be read now; empty: it can. */
  problem: string;
}

/** One image on the persistent disk; `kept` says why it stays, empty: nobody needs it. */
export interface IImage {
  sha256: string;
  size: number;
  kept: string;
}

/** What collecting saw; `bytes` are those of the images that nobody needs. */
export interface IGarbage {
  images: IImage[];
  bytes: number;
  deleted: boolean;
}
