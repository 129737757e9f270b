import {
  ICloudStatus,
  IHookStatus,
  IKeyPair,
  INotebook,
  ISshSetup,
  IStorage
} from '../api/cloudTypes';
import { IOperation } from '../api/types';

/** What the cloud holds, as far as the browser has been told. Nothing secret is in it. */
export interface ICloudView {
  status: ICloudStatus | null;
  notebooks: INotebook[] | null;
  /** This very notebook. */
  mine: INotebook | null;
  storages: IStorage[] | null;
  ssh: ISshSetup | null;
  keys: IKeyPair[] | null;
  hook: IHookStatus | null;
}

export type CloudPart = keyof ICloudView;

export const NOTHING: ICloudView = {
  status: null,
  notebooks: null,
  mine: null,
  storages: null,
  ssh: null,
  keys: null,
  hook: null
};

/** With one of these every other question would get the same answer. */
const IN_VAIN = new Set([
  'no_credentials',
  'cloud_not_installed',
  'cloud_setting',
  'cloud_unauthenticated',
  'cloud_unreachable',
  'cloud_timeout',
  'cloud_answer_invalid',
  'config_invalid'
]);

/** Whether more than the status itself is worth asking. */
export function worthAsking(status: ICloudStatus | null): boolean {
  return (
    status !== null &&
    status.kind !== 'none' &&
    !(status.error && IN_VAIN.has(status.error.code))
  );
}

const OF_THE_CLOUD = /^(notebook|storage|ssh|hook)\./;

/** Whether an operation changes something that the cloud says. */
export function isOfTheCloud({ verb }: IOperation): boolean {
  return OF_THE_CLOUD.test(verb);
}
