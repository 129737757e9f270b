import { CommandRegistry } from '@lumino/commands';

import { IEnvironment } from '../api/types';
import { IEnvironmentArgs } from '../commands';
import { chooseEnvironment } from '../dialogs/choose';
import { IModelArtsNb } from '../tokens';
import { commandsOf } from './addCommand';

/** How commands about one environment are added; `fits` says about which they can be. */
export type AboutEnvironment = (
  id: string,
  label: string,
  fits: (environment: IEnvironment) => boolean,
  act: (environment: IEnvironment) => Promise<unknown>
) => void;

export const onDisk = (environment: IEnvironment) =>
  environment.where === 'disk';

/** Adds commands about one environment, asked for when it is not named. */
export function aboutEnvironments(
  registry: CommandRegistry,
  nb: IModelArtsNb
): AboutEnvironment {
  const add = commandsOf(registry, nb);
  return (id, label, fits, act) =>
    add<IEnvironmentArgs>(id, label, async ({ name }) => {
      const environment = await chooseEnvironment(nb, name, fits);
      return environment && act(environment);
    });
}
