import { IEnvironment } from '../../api/types';
import { IModelArtsNb } from '../../tokens';
import { askBeforeLosing } from './unsaved';

/** Start kernels from the newest version from now on; running ones keep what they have. */
export async function chooseNewest(
  nb: IModelArtsNb,
  environment: IEnvironment
): Promise<void> {
  const { trans, operations } = nb;
  const { name, newest } = environment;
  const act = () =>
    operations.start('env.fill', { name, number: newest ?? undefined });
  if (!environment.unsaved) {
    await act();
    return;
  }
  await askBeforeLosing(nb, {
    title: trans.__('Use version %1 of %2?', newest, name),
    lines: [
      trans.__(
        'It is without what you changed here. Saved, your changes are a version of their own.'
      )
    ],
    accept: trans.__('Use version %1', newest),
    unsaved: [environment],
    act
  });
}
