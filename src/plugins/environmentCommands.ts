import { CommandRegistry } from '@lumino/commands';

import { IEnvironment } from '../api/types';
import { CommandIDs, ICloneArgs, ICreateArgs } from '../commands';
import { askPack } from '../dialogs/archives';
import { askClone } from '../dialogs/clone';
import { askCreate } from '../dialogs/create';
import { askCheck, askRename, showExport } from '../dialogs/environment';
import { askKeepAll, keep } from '../dialogs/keep';
import { askInstall, showPackages } from '../dialogs/packages';
import { IModelArtsNb } from '../tokens';
import { aboutEnvironments, onDisk } from './aboutEnvironment';
import { commandsOf } from './addCommand';

const onImage = (environment: IEnvironment) => environment.where !== 'disk';
const any = () => true;

/** The commands about environments. */
export function addEnvironmentCommands(
  registry: CommandRegistry,
  nb: IModelArtsNb
): void {
  const { trans, operations } = nb;
  const add = commandsOf(registry, nb);
  const about = aboutEnvironments(registry, nb);

  add<ICreateArgs>(
    CommandIDs.createEnvironment,
    trans.__('New Environment…'),
    args => askCreate(nb, args)
  );
  add<ICloneArgs>(
    CommandIDs.cloneEnvironment,
    trans.__('Clone Environment…'),
    args => askClone(nb, args)
  );
  add(CommandIDs.keepAll, trans.__('Keep the Image’s Environments…'), () =>
    askKeepAll(nb)
  );

  about(CommandIDs.keepEnvironment, trans.__('Keep on Disk'), onImage, item =>
    keep(nb, item)
  );
  about(
    CommandIDs.packEnvironment,
    trans.__('Pack Environment…'),
    onDisk,
    item => askPack(nb, item.name)
  );
  about(
    CommandIDs.renameEnvironment,
    trans.__('Rename Environment…'),
    onDisk,
    item => askRename(nb, item.name)
  );
  about(
    CommandIDs.removeEnvironment,
    trans.__('Remove Environment'),
    onDisk,
    item => operations.start('env.remove', { name: item.name })
  );
  about(CommandIDs.registerKernel, trans.__('Register Kernel'), onDisk, item =>
    operations.start('env.register', { name: item.name })
  );
  about(
    CommandIDs.unregisterKernel,
    trans.__('Unregister Kernel'),
    item => onDisk(item) && item.kernel !== 'none',
    item => operations.start('env.unregister', { name: item.name })
  );
  about(
    CommandIDs.installPackages,
    trans.__('Install Packages…'),
    onDisk,
    item => askInstall(nb, item.name)
  );
  about(CommandIDs.showPackages, trans.__('Show Packages'), any, item =>
    showPackages(nb, item)
  );
  about(
    CommandIDs.exportEnvironment,
    trans.__('Export Environment'),
    any,
    item => showExport(nb, onDisk(item) ? item.name : item.prefix)
  );
  about(CommandIDs.checkEnvironment, trans.__('Check & Fix…'), onDisk, item =>
    askCheck(nb, item.name)
  );
  about(CommandIDs.fixEnvironment, trans.__('Fix Environment'), onDisk, item =>
    operations.start('env.fix', { name: item.name })
  );

  const withKernel = (
    id: string,
    label: string,
    create: string,
    key: 'kernelName' | 'kernelPreference'
  ) =>
    about(
      id,
      label,
      item => onDisk(item) && item.kernel !== 'none',
      async item => {
        if (item.kernel !== 'ready') {
          const started = await operations.start('env.register', {
            name: item.name
          });
          await operations.whenEnded(started.id);
        }
        const kernel = item.kernel_name ?? `ma-${item.name.toLowerCase()}`;
        return registry.execute(create, {
          [key]: key === 'kernelName' ? kernel : { name: kernel }
        });
      }
    );
  withKernel(
    CommandIDs.openNotebook,
    trans.__('New Notebook'),
    'notebook:create-new',
    'kernelName'
  );
  withKernel(
    CommandIDs.openConsole,
    trans.__('New Console'),
    'console:create',
    'kernelPreference'
  );
}
