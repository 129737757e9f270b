import React from 'react';

import { IVersion } from '../../api/sealedTypes';
import { IEnvironment } from '../../api/types';
import { isSealed } from '../../sealed/state';
import { problemWord } from '../../sealed/sentences';
import { whyWord } from '../../sealed/words';
import { IModelArtsNb } from '../../tokens';
import { askClone } from '../clone';
import { askForm } from '../form';
import { Loaded } from '../loaded';
import { Compare } from './compare';

interface IChosen {
  /** The number; null until one is chosen. */
  version: IVersion | null;
}

/** All versions: when, who, why, at what cost; what differs; and back to one of them. */
export async function showVersions(
  nb: IModelArtsNb,
  environment: IEnvironment
): Promise<void> {
  const { trans, client, operations } = nb;
  const { name, newest, unsaved } = environment;
  // Its folder is the truth of an open one: what it was is had beside it.
  const open = !isSealed(environment);
  let clone = '';
  const cloneOf = (version: IVersion | null) =>
    (clone = version ? `${name}@${version.number}` : '');
  const accepted = await askForm<IChosen>({
    title: trans.__('Versions of %1', name),
    accept: open ? trans.__('Clone It…') : trans.__('Go Back to It'),
    dismiss: trans.__('Close'),
    trans,
    initial: { version: null },
    problem: ({ version }) =>
      version &&
      !version.problem &&
      (open || clone || unsaved || version.number !== newest)
        ? null
        : '',
    submit: async ({ version }) => {
      if (open) {
        cloneOf(version);
      } else if (!clone) {
        await operations.start('env.rollback', {
          name,
          number: version?.number
        });
      }
    },
    fields: ({ value, set, submit }) => (
      <Loaded nb={nb} load={() => client.versions(name)}>
        {versions => (
          <>
            <Versions
              nb={nb}
              environment={environment}
              versions={versions}
              chosen={value.version}
              onChoose={version => set({ version }, true)}
            />
            {value.version && unsaved && (
              <p>
                {trans.__(
                  'Going back saves the unsaved changes as a version first.'
                )}
              </p>
            )}
            {value.version && !open && (
              <button
                type="button"
                className="ma-Button"
                onClick={() => {
                  cloneOf(value.version);
                  submit();
                }}
              >
                {trans.__('Clone version %1…', value.version.number)}
              </button>
            )}
          </>
        )}
      </Loaded>
    )
  });
  if (accepted && clone) {
    await askClone(nb, { source: clone });
  }
}

interface IVersionsProps {
  nb: IModelArtsNb;
  environment: IEnvironment;
  versions: readonly IVersion[];
  chosen: IVersion | null;
  onChoose: (version: IVersion) => void;
}

function Versions(props: IVersionsProps): React.ReactElement {
  const { nb, environment, versions, chosen, onChoose } = props;
  const { trans } = nb;
  const id = React.useId();
  return (
    <>
      <p>
        {!isSealed(environment)
          ? trans.__(
              'What it was while it was sealed. Choose one to see what it changed, or to have it beside the folder of today.'
            )
          : versions.length > 1
            ? trans.__(
                'Choose one to see what it changed, or to go back to it. Going back makes a new version: none is lost, and running kernels keep what they have until they are restarted.'
              )
            : trans.__(
                'The first of its versions. Install something, save it, and the next one appears here.'
              )}
      </p>
      <div
        className="ma-Scroll ma-Versions"
        tabIndex={-1}
        role="region"
        aria-label={trans.__('Versions')}
      >
        <table className="ma-Table">
          <thead>
            <tr>
              <th scope="col">{trans.__('Version')}</th>
              <th scope="col">{trans.__('Why')}</th>
              <th scope="col">{trans.__('When')}</th>
              <th scope="col">{trans.__('Who')}</th>
              <th scope="col" className="ma-mod-end">
                {trans.__('Takes')}
              </th>
            </tr>
          </thead>
          <tbody>
            {versions.map((version, index) => (
              <Line
                key={version.number}
                nb={nb}
                version={version}
                newest={index === 0}
                group={id}
                checked={version.number === chosen?.number}
                first={index === 0}
                onChoose={() => onChoose(version)}
              />
            ))}
          </tbody>
        </table>
      </div>
      {chosen && (
        <Compare
          key={chosen.number}
          nb={nb}
          name={environment.name}
          versions={versions}
          unsaved={environment.unsaved}
          chosen={chosen}
        />
      )}
    </>
  );
}

interface ILineProps {
  nb: IModelArtsNb;
  version: IVersion;
  newest: boolean;
  /** The radio buttons of one dialog. */
  group: string;
  checked: boolean;
  first: boolean;
  onChoose: () => void;
}

function Line(props: ILineProps): React.ReactElement {
  const { nb, version, newest, group, checked, first, onChoose } = props;
  const { trans, format } = nb;
  const { number, problem, created, owner } = version;
  const marks = [
    version.chosen ? trans.__('in use here') : '',
    newest && !version.chosen ? trans.__('newest') : ''
  ].filter(Boolean);
  return (
    <tr title={problem || undefined}>
      <td>
        <label className="ma-Choice">
          <input
            type="radio"
            name={group}
            checked={checked}
            disabled={Boolean(problem)}
            data-first={first ? '' : undefined}
            onChange={onChoose}
          />
          <span className="ma-number">{number}</span>
          {marks.map(mark => (
            <span key={mark} className="ma-Badge">
              {mark}
            </span>
          ))}
        </label>
      </td>
      <td className="ma-mod-wide">
        {problem ? (
          <>
            <strong className="ma-strong">{trans.__('cannot be used')}</strong>{' '}
            <span className="ma-muted">{problemWord(problem, trans)}</span>
          </>
        ) : (
          whyWord(version.why, trans) || <span className="ma-muted">–</span>
        )}
      </td>
      <td className="ma-number" title={created && format.exact(created)}>
        {created && format.relative(created)}
      </td>
      <td>{owner}</td>
      <td className="ma-number ma-mod-end">
        {problem ? '' : format.bytes(version.stored)}
      </td>
    </tr>
  );
}
