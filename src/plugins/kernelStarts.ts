import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';

import { isSealed } from '../sealed/state';
import { IModelArtsNb } from '../tokens';

/** When to look after a kernel began to start, in ms: its launcher takes a moment. */
const LOOKS = [300, 1000, 2000, 4000];

/**
 * A kernel of a sealed environment waits for its copy on the local disk.
 *
 * Its launcher makes that copy, an operation like any other: it is looked for at
 * once, so that whoever waits sees why, how far it is and for how long.
 */
export const kernelStarts: JupyterFrontEndPlugin<void> = {
  id: 'modelarts_nb:kernel-starts',
  description: 'Shows what a starting kernel waits for.',
  autoStart: true,
  requires: [IModelArtsNb],
  activate: (app: JupyterFrontEnd, nb: IModelArtsNb) => {
    const { inventory, operations } = nb;
    const waits = (kernel: string) =>
      (inventory.view.environments ?? []).some(
        item => item.kernel_name === kernel && isSealed(item) && !item.filled
      );
    let known = new Set<string>();
    app.serviceManager.kernels.runningChanged.connect((_, models) => {
      const fresh = models.filter(({ id }) => !known.has(id));
      known = new Set(models.map(({ id }) => id));
      if (fresh.some(({ name }) => waits(name))) {
        void look();
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
