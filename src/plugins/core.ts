import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { Client } from '../api/client';
import { Format } from '../format';
import { Inventory } from '../inventory';
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
    const client = new Client(app.serviceManager.serverSettings);
    const operations = new Operations({
      client,
      events: app.serviceManager.events?.stream
    });
    const inventory = new Inventory({ client, state });
    operations.ended.connect(() => {
      void inventory.refresh();
      // A kernel may have come or gone; launcher and pickers read the specs.
      void app.serviceManager.kernelspecs.refreshSpecs();
    });
    operations.began.connect(() => void inventory.refresh());
    void inventory.recall().catch(() => undefined);
    void app.restored.then(() => {
      void inventory.refresh();
      void operations.refresh().catch(() => undefined);
    });
    return {
      client,
      inventory,
      operations,
      trans,
      format: new Format(trans, translations.languageCode)
    };
  }
};
