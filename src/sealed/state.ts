import { IEnvironment } from '../api/types';

export function isSealed(environment: IEnvironment): boolean {
  return environment.state === 'sealed';
}

/** There is a newer version than that from which kernels here start: mostly made elsewhere. */
export function hasNewer(environment: IEnvironment): boolean {
  return (
    isSealed(environment) &&
    environment.version !== null &&
    environment.newest !== null &&
    environment.newest > environment.version
  );
}

/** Environments with work that is only in this container: a restart takes it. */
export function unsavedOf(
  environments: readonly IEnvironment[] | null
): IEnvironment[] {
  return (environments ?? []).filter(environment => environment.unsaved);
}
