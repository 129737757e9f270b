import { ApiError } from '../api/request';
import { IOperation, Params, Verb } from '../api/types';
import { Operations } from './model';

/**
 * Start an operation and wait for its good end.
 *
 * @param otherwise - what to say of one that ended without a word of why.
 * @throws ApiError when it could not be started, failed or was cancelled.
 */
export async function doneOf(
  operations: Operations,
  verb: Verb,
  params: Params,
  otherwise: string
): Promise<IOperation> {
  const started = await operations.start(verb, params);
  const ended = await operations.whenEnded(started.id);
  if (ended.state !== 'done') {
    throw new ApiError(
      ended.error ?? { code: 'error', message: otherwise },
      500
    );
  }
  return ended;
}
