import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { NotebookActions } from '@jupyterlab/notebook';

import { IEnvironment } from '../api/types';
import { isSealed } from '../sealed/state';
import { IModelArtsNb } from '../tokens';

/** When to look after a kernel began to start, in ms: its launcher takes a moment. */
const LOOKS = [300, 1000, 2000, 4000];

/** A cell that has one of these words may have changed the environment. */
const INSTALLS = /\b(pip|pip3|conda|mamba|micromamba|uv|ma)\b/;

/**
 * What kernels of sealed environments wait for, and what they change.
 *
 * One that starts without a local copy has it made by its launcher, an operation
 * like any other: it is looked for at once, so that whoever waits sees why and for
 * how long. What pip changed in the copy is unsaved work, and told at once, too.
 */
export const sealedKernels: JupyterFrontEndPlugin<void> = {
  id: 'modelarts_nb:sealed-kernels',
  description: 'Shows what kernels of sealed environments wait for and change.',
  autoStart: true,
  requires: [IModelArtsNb],
  activate: (app: JupyterFrontEnd, nb: IModelArtsNb) => {
    const { inventory, operations } = nb;
    const sealedOf = (kernel: string): IEnvironment | undefined =>
      (inventory.view.environments ?? []).find(
        item => item.kernel_name === kernel && isSealed(item)
      );
    let known = new Set<string>();
    app.serviceManager.kernels.runningChanged.connect((_, models) => {
      const fresh = models.filter(({ id }) => !known.has(id));
      known = new Set(models.map(({ id }) => id));
      if (fresh.some(({ name }) => sealedOf(name)?.filled === false)) {
        void look();
      }
    });
    NotebookActions.executed.connect((_, { notebook, cell }) => {
      const kernel = notebook.model?.getMetadata('kernelspec') as
        { name?: string } | undefined;
      const { sharedModel } = cell.model;
      if (
        sharedModel.cell_type === 'code' &&
        INSTALLS.test(sharedModel.getSource()) &&
        sealedOf(kernel?.name ?? '')
      ) {
        void inventory.refresh();
      }
    });

    async function look(): Promise<void> {
      for (const delay of LOOKS) {
        await new Promise(resolve => window.setTimeout(resolve, delay));
        await operations.refresh().catch(() => undefined);
        if (operations.running.some(({ verb }) => verb === 'env.fill')) {
          return;
        }
      }
    }
  }
};
