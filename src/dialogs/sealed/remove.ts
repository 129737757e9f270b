import { IEnvironment } from '../../api/types';
import { IModelArtsNb } from '../../tokens';
import { askBeforeLosing } from './unsaved';

/** Remove an environment: at once, for it can be undone; unsaved work cannot, so that is asked about. */
export async function removeEnvironment(
  nb: IModelArtsNb,
  environment: IEnvironment
): Promise<void> {
  const { trans, operations } = nb;
  const { name } = environment;
  const act = () => operations.start('env.remove', { name });
  if (!environment.unsaved) {
    await act();
    return;
  }
  await askBeforeLosing(nb, {
    title: trans.__('Remove %1?', name),
    lines: [
      trans.__(
        'Its versions wait in the bin for a week. Its local copy goes, with changes that are in no version.'
      )
    ],
    accept: trans.__('Remove'),
    unsaved: [environment],
    act
  });
}
