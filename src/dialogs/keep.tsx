import React from 'react';

import { IEnvironment } from '../api/types';
import { IModelArtsNb } from '../tokens';
import { sourceOf } from './clone';
import { CheckField } from './fields';
import { askForm } from './form';
import { SpaceLine } from './space';

/** Keep one environment of the image: one click, a sensible name, no question. */
export async function keep(
  nb: IModelArtsNb,
  environment: IEnvironment
): Promise<void> {
  const name = await nb.client.suggestName(environment.name);
  await nb.operations.start('env.clone', {
    source: sourceOf(environment),
    name
  });
}

/** Environments that a restart would take and that no copy on the disk keeps. */
export function endangered(nb: IModelArtsNb): IEnvironment[] {
  const { status, environments } = nb.inventory.view;
  const lost = new Set(status?.lost ?? []);
  return (environments ?? []).filter(
    environment => environment.where !== 'disk' && lost.has(environment.name)
  );
}

/** Keep several: choose which, seeing how much that is. */
export async function askKeepAll(nb: IModelArtsNb): Promise<void> {
  const { trans, format } = nb;
  const list = endangered(nb);
  if (list.length === 1) {
    await keep(nb, list[0]);
    return;
  }
  await askForm({
    title: trans.__('Keep on Disk'),
    accept: trans.__('Keep'),
    trans,
    initial: { chosen: list.map(environment => environment.prefix) },
    problem: value =>
      value.chosen.length ? null : trans.__('Choose at least one.'),
    submit: async value => {
      for (const environment of list) {
        if (value.chosen.includes(environment.prefix)) {
          await keep(nb, environment);
        }
      }
    },
    fields: ({ value, set }) => {
      const chosen = list.filter(environment =>
        value.chosen.includes(environment.prefix)
      );
      const sum = (key: 'size' | 'files') =>
        chosen.reduce(
          (total, environment) => total + (environment[key] ?? 0),
          0
        );
      return (
        <>
          {list.map(environment => (
            <CheckField
              key={environment.prefix}
              label={[
                environment.name,
                environment.size ? format.bytes(environment.size) : ''
              ]
                .filter(Boolean)
                .join(' · ')}
              checked={value.chosen.includes(environment.prefix)}
              onChange={checked =>
                set({
                  chosen: checked
                    ? [...value.chosen, environment.prefix]
                    : value.chosen.filter(
                        prefix => prefix !== environment.prefix
                      )
                })
              }
            />
          ))}
          <SpaceLine
            nb={nb}
            size={sum('size')}
            files={sum('files')}
            like="env.clone"
          />
        </>
      );
    }
  });
}
