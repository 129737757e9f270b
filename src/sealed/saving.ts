import { ApiError } from '../api/request';
import { IEnvironment } from '../api/types';
import { IModelArtsNb } from '../tokens';

/**
 * Save the unsaved work of environments, one after another, and wait for it.
 *
 * @throws ApiError when one could not be saved: nothing may be done then that loses it.
 */
export async function saveAll(
  nb: IModelArtsNb,
  environments: readonly IEnvironment[]
): Promise<void> {
  const { operations, trans } = nb;
  for (const { name } of environments) {
    const started = await operations.start('env.save', { name });
    const ended = await operations.whenEnded(started.id);
    if (ended.state !== 'done') {
      throw new ApiError(
        ended.error ?? {
          code: 'error',
          message: trans.__('%1 was not saved.', name)
        },
        500
      );
    }
  }
}
