import { addIcon } from '@jupyterlab/ui-components';
import React from 'react';

import { IEnvironment } from '../api/types';
import { CommandIDs } from '../commands';
import { sourceOf } from '../dialogs/clone';
import { usePanel, useRun } from './context';
import { IconButton } from './iconButton';
import { useRoving } from './roving';
import { Row } from './row';
import { matches, Searchable, SearchButton, useSearch } from './search';
import { IFold, Section } from './section';

interface IEnvironmentsProps extends IFold {
  environments: IEnvironment[];
}

/** The environments on the disk, and those of the image that a restart takes. */
export function Environments(props: IEnvironmentsProps): React.ReactElement {
  const { environments, open, onToggle } = props;
  const { trans } = usePanel();
  const run = useRun();
  const search = useSearch();
  const found = environments.filter(({ name, python, highlights }) =>
    matches(search, [name, python ?? '', ...highlights])
  );
  const onDisk = found.filter(environment => environment.where === 'disk');
  const outside = found.filter(environment => environment.where !== 'disk');
  const image = outside.filter(environment => !environment.survives);
  const elsewhere = outside.filter(environment => environment.survives);
  // By name: the folder of a sealed one changes with its local copy.
  const keys = [...onDisk, ...image, ...elsewhere].map(sourceOf);
  const roving = useRoving(keys);

  const rows = (part: IEnvironment[]) =>
    part.map(environment => (
      <Row
        key={sourceOf(environment)}
        environment={environment}
        current={sourceOf(environment) === roving.current}
        copy={
          environment.where === 'disk'
            ? undefined
            : copyOf(environment, environments)
        }
      />
    ));

  return (
    <Section
      id="environments"
      title={trans.__('Environments')}
      count={environments.filter(item => item.where === 'disk').length}
      open={open}
      onToggle={onToggle}
      actions={
        <>
          <IconButton
            label={trans.__('New environment')}
            icon={addIcon}
            onClick={() => run(CommandIDs.createEnvironment)}
          />
          <SearchButton
            search={search}
            label={trans.__('Search environments')}
          />
        </>
      }
    >
      <Searchable
        search={search}
        roving={roving}
        label={trans.__('Search environments')}
        placeholder={trans.__('Name, Python or package')}
        none={found.length === 0}
      >
        {onDisk.length > 0 && (
          <ul
            className="ma-List"
            aria-label={trans.__('Environments on the disk')}
          >
            {rows(onDisk)}
          </ul>
        )}
        {!search.wanted.trim() && onDisk.length === 0 && (
          <Nothing image={image} />
        )}
        {image.length > 0 && (
          <Group id="image" title={trans.__('in this image, lost at restart')}>
            {rows(image)}
          </Group>
        )}
        {elsewhere.length > 0 && (
          <Group id="elsewhere" title={trans.__('elsewhere')}>
            {rows(elsewhere)}
          </Group>
        )}
      </Searchable>
    </Section>
  );
}

/** The name of what was kept of an environment of the image. */
function copyOf(
  environment: IEnvironment,
  all: readonly IEnvironment[]
): string | undefined {
  return all.find(
    other =>
      other.survives &&
      (other.origin === environment.prefix || other.origin === environment.name)
  )?.name;
}

function Group(props: {
  id: string;
  title: string;
  children: React.ReactNode;
}): React.ReactElement {
  const id = `ma-${props.id}-title`;
  return (
    <>
      <h3 id={id} className="ma-Divider">
        {props.title}
      </h3>
      <ul className="ma-List" aria-labelledby={id}>
        {props.children}
      </ul>
    </>
  );
}

/** No environment on the disk yet: how to get the first. */
function Nothing({ image }: { image: IEnvironment[] }): React.ReactElement {
  const { trans } = usePanel();
  const run = useRun();
  return (
    <div className="ma-Empty">
      <p>
        {trans.__(
          'No environment on the disk yet. One that lies there survives a restart, with its packages and its kernel.'
        )}
      </p>
      <div className="ma-Buttons">
        {image.length > 0 && (
          <button
            type="button"
            className="ma-Button ma-primary"
            onClick={() =>
              run(CommandIDs.keepEnvironment, { name: image[0].prefix })
            }
          >
            {trans.__('Keep %1', image[0].name)}
          </button>
        )}
        <button
          type="button"
          className="ma-Button"
          onClick={() => run(CommandIDs.createEnvironment)}
        >
          {trans.__('New')}
        </button>
      </div>
    </div>
  );
}
