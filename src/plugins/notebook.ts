import { INotebook } from '../api/cloudTypes';
import { canStart, canStop, notebookRef } from '../cloud/words';
import { CommandIDs, IKeepAliveArgs, INotebookArgs } from '../commands';
import { chooseNotebook } from '../dialogs/cloud/choose';
import { askKeepAlive, askStart } from '../dialogs/cloud/lease';
import { confirmStop } from '../dialogs/cloud/stop';
import { cloudPlugin } from './cloudPlugin';

/** This instance and the user's others: start, stop, keep alive, the hook's registration. */
export const notebook = cloudPlugin(
  'modelarts_nb:notebook',
  'Adds commands about notebook instances.',
  (add, nb, app) => {
    const { cloud, operations, trans } = nb;
    const mine = () => cloud.view.mine;
    const ref = (item: INotebook) =>
      notebookRef(
        item,
        cloud.view.status?.instance,
        cloud.view.notebooks ?? []
      );

    add<IKeepAliveArgs>(
      CommandIDs.keepAlive,
      trans.__('Keep Notebook Alive…'),
      async args => {
        if (args.hours) {
          return operations.start('notebook.keep_alive', {
            hours: args.hours,
            notebook: args.notebook
          });
        }
        if (args.notebook || !cloud.view.status?.instance) {
          const other = await chooseNotebook(
            nb,
            args.notebook,
            item => item.status === 'RUNNING'
          );
          return other && askKeepAlive(nb, ref(other), other.name);
        }
        return askKeepAlive(
          nb,
          undefined,
          mine()?.name || trans.__('this notebook')
        );
      }
    );
    add<INotebookArgs>(
      CommandIDs.startNotebook,
      trans.__('Start Notebook…'),
      async args => {
        const other = await chooseNotebook(nb, args.notebook, canStart);
        return other && askStart(nb, ref(other), other);
      }
    );
    add<INotebookArgs>(
      CommandIDs.stopNotebook,
      trans.__('Stop Notebook…'),
      async args => {
        const chosen =
          (args.notebook ? null : mine()) ??
          (await chooseNotebook(nb, args.notebook, canStop));
        if (!chosen) {
          return;
        }
        const own = chosen.id === cloud.view.status?.instance;
        const kernels = [...app.serviceManager.kernels.running()].length;
        return (
          (await confirmStop(nb, chosen, own, kernels)) &&
          operations.start('notebook.stop', { notebook: ref(chosen) })
        );
      }
    );
    add(CommandIDs.removeHook, trans.__('Remove the Hook'), () =>
      operations.start('hook.remove', {})
    );
  }
);
