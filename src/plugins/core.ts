import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { Client } from '../api/client';
import { CloudClient } from '../api/cloudClient';
import { JobClient } from '../api/jobClient';
import { CloudModel } from '../cloud/model';
import { KeepAlivePreference } from '../cloud/preference';
import { isOfTheCloud, worthAsking } from '../cloud/view';
import { Format } from '../format';
import { Inventory } from '../inventory';
import { JobModel } from '../jobs/model';
import { Operations } from '../operations/model';
import { IModelArtsNb } from '../tokens';

/** The models behind every face: read at once, in the background. */
export const core: JupyterFrontEndPlugin<IModelArtsNb> = {
  id: 'modelarts_nb:core',
  description: 'Reads environments and operations from the server.',
  autoStart: true,
  provides: IModelArtsNb,
  optional: [ITranslator, IStateDB],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    state: IStateDB | null
  ): IModelArtsNb => {
    const translations = translator ?? nullTranslator;
    const trans = translations.load('modelarts_nb');
    const { serverSettings } = app.serviceManager;
    const client = new Client(serverSettings);
    const operations = new Operations({
      client,
      events: app.serviceManager.events?.stream
    });
    const inventory = new Inventory({ client, state });
    const cloud = new CloudModel({
      client: new CloudClient(serverSettings),
      state
    });
    const jobs = new JobModel({
      client: new JobClient(serverSettings),
      present: () => worthAsking(cloud.view.status)
    });
    operations.ended.connect((_, operation) => {
      if (operation.verb.startsWith('job.')) {
        void jobs.refresh();
      }
      if (isOfTheCloud(operation)) {
        void cloud.refresh();
      }
      void inventory.refresh();
      // A kernel may have come or gone; launcher and pickers read the specs.
      void app.serviceManager.kernelspecs.refreshSpecs();
    });
    operations.began.connect(() => void inventory.refresh());
    void inventory.recall().catch(() => undefined);
    void cloud.recall().catch(() => undefined);
    void app.restored.then(() => {
      void inventory.refresh();
      void operations.refresh().catch(() => undefined);
      // Whether there is a cloud to ask is known only then.
      void cloud.refresh().then(() => jobs.refresh());
    });
    return {
      client,
      inventory,
      operations,
      cloud,
      jobs,
      keepAlive: new KeepAlivePreference(),
      trans,
      format: new Format(trans, translations.languageCode)
    };
  }
};
