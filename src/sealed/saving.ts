import { IEnvironment } from '../api/types';
import { doneOf } from '../operations/wait';
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
    const otherwise = trans.__('%1 was not saved.', name);
    await doneOf(operations, 'env.save', { name }, otherwise);
  }
}
