import { TranslationBundle } from '@jupyterlab/translation';
import { Token } from '@lumino/coreutils';

import { Client } from './api/client';
import { CloudModel } from './cloud/model';
import { KeepAlivePreference } from './cloud/preference';
import { Format } from './format';
import { Inventory } from './inventory';
import { JobModel } from './jobs/model';
import { Operations } from './operations/model';

/** What every plugin of ours works with. */
export interface IModelArtsNb {
  readonly client: Client;
  readonly inventory: Inventory;
  readonly operations: Operations;
  readonly cloud: CloudModel;
  readonly jobs: JobModel;
  /** What happens before this notebook's lease runs out. */
  readonly keepAlive: KeepAlivePreference;
  readonly trans: TranslationBundle;
  readonly format: Format;
}

export const IModelArtsNb = new Token<IModelArtsNb>(
  'modelarts_nb:IModelArtsNb',
  'Environments, operations, the cloud and the REST client of ModelArts NB.'
);
