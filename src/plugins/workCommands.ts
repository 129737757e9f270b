import { Dialog, showDialog } from '@jupyterlab/apputils';
import { CommandRegistry } from '@lumino/commands';

import {
  CommandIDs,
  IArchiveArgs,
  IBinArgs,
  IOperationArgs,
  IUnpackArgs
} from '../commands';
import { askUnpack } from '../dialogs/archives';
import { showHookCommand } from '../dialogs/cloud/hook';
import { showLog } from '../dialogs/log';
import { IModelArtsNb } from '../tokens';
import { commandsOf } from './addCommand';

/** The commands about archives, the bin, the hook and what is running. */
export function addWorkCommands(
  registry: CommandRegistry,
  nb: IModelArtsNb
): void {
  const { trans, operations, inventory } = nb;
  const add = commandsOf(registry, nb);

  add(CommandIDs.refresh, trans.__('Refresh'), () =>
    Promise.all([
      inventory.refresh(),
      nb.cloud.refresh(),
      operations.refresh().catch(() => undefined)
    ])
  );
  add<IUnpackArgs>(
    CommandIDs.unpackArchive,
    trans.__('Unpack Archive…'),
    args => askUnpack(nb, args)
  );
  add<IBinArgs>(
    CommandIDs.restoreEnvironment,
    trans.__('Restore from the Bin'),
    async ({ entry, name }) =>
      entry && operations.start('bin.restore', { entry, name })
  );
  add(CommandIDs.emptyBin, trans.__('Empty Bin…'), async () => {
    const count = inventory.view.removed?.length ?? 0;
    const sure = await confirm(
      nb,
      trans.__('Empty the bin?'),
      trans._n(
        '%1 removed environment is deleted for good.',
        '%1 removed environments are deleted for good.',
        count
      )
    );
    return sure && operations.start('bin.empty', {});
  });
  add<IArchiveArgs>(
    CommandIDs.removeArchive,
    trans.__('Delete Archive…'),
    async ({ name }) =>
      name &&
      (await confirm(
        nb,
        trans.__('Delete this archive?'),
        trans.__('%1 is deleted for good.', name)
      )) &&
      operations.start('archive.remove', { name })
  );
  add(CommandIDs.installHook, trans.__('Install the Hook'), () =>
    operations.start('hook.install', {})
  );
  // What there is to paste is on the disk: this one needs no account.
  add(CommandIDs.showHookCommand, trans.__('Show the Hook to Paste…'), () =>
    showHookCommand(nb)
  );
  add(CommandIDs.restoreNow, trans.__('Restore Kernels and Settings'), () =>
    operations.start('restore', {})
  );
  add<IOperationArgs>(
    CommandIDs.showLog,
    trans.__('Show Log'),
    async ({ id }) => id && showLog(nb, id)
  );
  add<IOperationArgs>(
    CommandIDs.cancelOperation,
    trans.__('Cancel Operation'),
    async ({ id }) => id && operations.cancel(id)
  );
  add<IOperationArgs>(
    CommandIDs.dismissOperation,
    trans.__('Dismiss Operation'),
    async ({ id }) => id && operations.dismiss(id)
  );
}

async function confirm(
  nb: IModelArtsNb,
  title: string,
  body: string
): Promise<boolean> {
  const answer = await showDialog({
    title,
    body,
    buttons: [
      Dialog.cancelButton({ label: nb.trans.__('Cancel') }),
      Dialog.warnButton({ label: nb.trans.__('Delete') })
    ]
  });
  return answer.button.accept;
}
