import React from 'react';

import { IOffered } from '../api/sealedTypes';
import { IEnvironment } from '../api/types';
import { isSealed } from '../sealed/state';
import { IModelArtsNb } from '../tokens';
import { CheckField, SelectField, TextField } from './fields';
import { askForm, IFields } from './form';
import { nameProblem } from './names';
import { SpaceLine } from './space';

/** What `env.clone` takes as its source: a name where it says enough, else the prefix. */
export function sourceOf(environment: IEnvironment): string {
  return environment.where === 'disk' ? environment.name : environment.prefix;
}

interface ICloneValue {
  source: string;
  name: string;
  kernel: boolean;
}

/**
 * Copy an environment: the image's, one on the disk, or one of a source.
 *
 * @param args - `source` may also be `mine@2` (a version) or `team:mine` (of a source).
 */
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
  const source = known
    ? sourceOf(known)
    : (args.source ?? (environments[0] ? sourceOf(environments[0]) : ''));
  const alike = known?.name ?? args.source ?? environments[0]?.name ?? 'mine';
  const name =
    args.name ?? (await client.suggestName(bare(alike)).catch(() => ''));
  await askForm<ICloneValue>({
    title: trans.__('Clone Environment'),
    accept: trans.__('Clone'),
    trans,
    initial: { source, name, kernel: true },
    problem: value =>
      value.source
        ? nameProblem(value.name, environments, trans)
        : trans.__('Choose what to copy.'),
    submit: value => operations.start('env.clone', { ...value }),
    fields: props => <CloneFields {...props} nb={nb} />
  });
}

/** `mine` of `team:mine`, `mine@2` and `/home/me/mine`. */
function bare(source: string): string {
  return (source.split(/[/:]/).pop() ?? '').replace(/@\d+$/, '') || 'mine';
}

function CloneFields(
  props: IFields<ICloneValue> & { nb: IModelArtsNb }
): React.ReactElement {
  const { nb, value, set } = props;
  const { trans } = nb;
  const environments = nb.inventory.view.environments ?? [];
  const offered = useOffered(nb);
  const chosen = environments.find(
    environment => sourceOf(environment) === value.source
  );
  const options = [
    ...environments.map(environment => ({
      value: sourceOf(environment),
      label:
        environment.where === 'disk'
          ? environment.name
          : trans.__('%1 (of the image)', environment.name)
    })),
    ...offered
      .filter(item => !item.unfit)
      .map(item => ({ value: item.name, label: item.name }))
  ];
  // A version of one, or what was not read yet.
  const ofSealed = /[:@]/.test(value.source) && !value.source.startsWith('/');
  if (ofSealed && !options.some(option => option.value === value.source)) {
    options.push({ value: value.source, label: value.source });
  }
  const instant = chosen ? isSealed(chosen) : ofSealed;
  return (
    <>
      {options.length &&
      (!value.source ||
        options.some(option => option.value === value.source)) ? (
        <SelectField
          label={trans.__('Copy of')}
          value={value.source}
          options={options}
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
      {instant ? (
        <p className="ma-Form-space">
          {trans.__(
            'Made at once: a new name for the same images. What either of them changes later is its own.'
          )}
          {chosen?.unsaved &&
            ` ${trans.__('Unsaved changes of %1 do not come along.', chosen.name)}`}
        </p>
      ) : (
        <SpaceLine
          nb={nb}
          size={chosen?.size}
          files={chosen?.files}
          like="env.clone"
        />
      )}
    </>
  );
}

/** What sources offer; without them a clone is as good. */
function useOffered(nb: IModelArtsNb): readonly IOffered[] {
  const { client } = nb;
  const [offered, setOffered] = React.useState<readonly IOffered[]>([]);
  React.useEffect(() => {
    let gone = false;
    client
      .sources()
      .then(
        sources =>
          !gone && setOffered(sources.flatMap(item => item.environments))
      )
      .catch(() => undefined);
    return () => {
      gone = true;
    };
  }, [client]);
  return offered;
}
