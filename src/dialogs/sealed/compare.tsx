import React from 'react';

import { IVersion } from '../../api/sealedTypes';
import { versionLine } from '../../sealed/words';
import { IModelArtsNb } from '../../tokens';
import { SelectField } from '../fields';
import { Loaded } from '../loaded';
import { DifferenceView } from './difference';

/** What the server calls the local copy as it is now. */
export const UNSAVED = 'unsaved';

interface ICompareProps {
  nb: IModelArtsNb;
  name: string;
  versions: readonly IVersion[];
  /** The local copy has changes: it can be compared too. */
  unsaved: boolean;
  /** The version to begin with. */
  chosen: IVersion;
}

/**
 * Two versions side by side; begins with the chosen one and what it was made from, of the
 * first one with what became of it. Nothing where there is nothing to compare with.
 */
export function Compare(props: ICompareProps): React.ReactElement | null {
  const { nb, name, versions, unsaved, chosen } = props;
  const { trans, client } = nb;
  const usable = versions.filter(version => !version.problem);
  const options = [
    ...(unsaved
      ? [{ value: UNSAVED, label: trans.__('unsaved changes') }]
      : []),
    ...usable.map(version => ({
      value: String(version.number),
      label: versionLine(version, trans)
    }))
  ];
  const parent = earlier(chosen, usable);
  const [before, setBefore] = React.useState(String(parent ?? chosen.number));
  const [after, setAfter] = React.useState(
    parent ? String(chosen.number) : (options[0]?.value ?? '')
  );
  if (options.length < 2) {
    return null;
  }
  return (
    <section className="ma-Compared" aria-label={trans.__('Compare')}>
      <div className="ma-Pair">
        <SelectField
          label={trans.__('Before')}
          value={before}
          options={options}
          onChange={setBefore}
        />
        <SelectField
          label={trans.__('After')}
          value={after}
          options={options}
          onChange={setAfter}
        />
      </div>
      {before === after ? (
        <p className="ma-muted">{trans.__('Choose two to compare.')}</p>
      ) : (
        <Loaded
          key={`${before} ${after}`}
          nb={nb}
          load={() => client.difference(name, before, after)}
        >
          {found => <DifferenceView nb={nb} difference={found} />}
        </Loaded>
      )}
    </section>
  );
}

/** What a version was made from, else the one before it; undefined for the first. */
function earlier(
  version: IVersion,
  usable: readonly IVersion[]
): number | undefined {
  const parent = usable.find(other => other.number === version.parent);
  const before = usable.find(other => other.number < version.number);
  return (parent ?? before)?.number;
}
