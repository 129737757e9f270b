import { IEnvironment } from '../../api/types';
import { isSealed } from '../../sealed/state';
import { versionLine } from '../../sealed/words';
import { IModelArtsNb } from '../../tokens';
import { confirmed } from '../confirm';

/** Take back the last change of an environment, after saying what it will be then. */
export async function askUndo(
  nb: IModelArtsNb,
  environment: IEnvironment
): Promise<void> {
  const { trans, operations } = nb;
  const { name } = environment;
  const what = isSealed(environment)
    ? await beforeNewest(nb, environment)
    : trans.__(
        'Its folder becomes what it was before the last install or uninstall. As it is now it waits in the bin for a week.'
      );
  const sure = await confirmed({
    title: trans.__('Undo the last change of %1?', name),
    lines: [
      what,
      trans.__(
        'This can be undone in turn. Running kernels keep what they have until they are restarted.'
      )
    ],
    accept: trans.__('Undo'),
    trans
  });
  if (sure) {
    await operations.start('env.undo', { name });
  }
}

/** What a sealed environment goes back to, in words. */
async function beforeNewest(
  nb: IModelArtsNb,
  environment: IEnvironment
): Promise<string> {
  const { trans, client } = nb;
  const { name, version } = environment;
  if (environment.unsaved) {
    return trans.__(
      'It becomes version %1 again. What was changed since is saved as a version before that.',
      version
    );
  }
  const versions = await client.versions(name);
  const parent = versions.find(item => item.number === versions[0]?.parent);
  return parent
    ? trans.__(
        'It becomes what it was in %1. That is written as a new version.',
        versionLine(parent, trans)
      )
    : trans.__('It has no version before this one.');
}
