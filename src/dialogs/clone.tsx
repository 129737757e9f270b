import React from 'react';

import { IEnvironment } from '../api/types';
import { IModelArtsNb } from '../tokens';
import { CheckField, SelectField, TextField } from './fields';
import { askForm } from './form';
import { nameProblem } from './names';
import { SpaceLine } from './space';

/** What `env.clone` takes as its source: a name where it says enough, else the prefix. */
export function sourceOf(environment: IEnvironment): string {
  return environment.where === 'disk' ? environment.name : environment.prefix;
}

/** Copy an environment, the image's or one on the disk. */
export async function askClone(
  nb: IModelArtsNb,
  args: { source?: string; name?: string } = {}
): Promise<void> {
  const { trans, client, operations, inventory } = nb;
  const environments = inventory.view.environments ?? [];
  const known = environments.find(
    environment =>
      environment.name === args.source || environment.prefix === args.source
  );
  const first = known ?? environments[0];
  const source = known
    ? sourceOf(known)
    : (args.source ?? (first ? sourceOf(first) : ''));
  const name =
    args.name ??
    (await client.suggestName(first?.name ?? 'mine').catch(() => ''));
  await askForm({
    title: trans.__('Clone Environment'),
    accept: trans.__('Clone'),
    trans,
    initial: { source, name, kernel: true },
    problem: value =>
      value.source
        ? nameProblem(value.name, environments, trans)
        : trans.__('Choose what to copy.'),
    submit: value => operations.start('env.clone', value),
    fields: ({ value, set }) => {
      const chosen = environments.find(
        environment => sourceOf(environment) === value.source
      );
      return (
        <>
          {environments.length && (chosen || !value.source) ? (
            <SelectField
              label={trans.__('Copy of')}
              value={value.source}
              options={environments.map(environment => ({
                value: sourceOf(environment),
                label:
                  environment.where === 'disk'
                    ? environment.name
                    : trans.__('%1 (of the image)', environment.name)
              }))}
              onChange={source => set({ source })}
            />
          ) : (
            <TextField
              label={trans.__('Copy of')}
              value={value.source}
              help={trans.__('A name, or the folder of an environment.')}
              onChange={source => set({ source })}
            />
          )}
          <TextField
            label={trans.__('Name')}
            value={value.name}
            onChange={name => set({ name })}
            first
          />
          <CheckField
            label={trans.__('Register a kernel, so that notebooks can use it')}
            checked={value.kernel}
            onChange={kernel => set({ kernel })}
          />
          <SpaceLine
            nb={nb}
            size={chosen?.size}
            files={chosen?.files}
            like="env.clone"
          />
        </>
      );
    }
  });
}
