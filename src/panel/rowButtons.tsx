import React from 'react';

import { IEnvironment, IFinding } from '../api/types';
import { CommandIDs } from '../commands';
import { hasNewer } from '../sealed/state';
import { unsavedHover } from '../sealed/words';
import { fixWord } from '../serverWords';
import { usePanel, useRun } from './context';
import { RowButton } from './rowButton';

/** What is wrong with it nobody mends but who chooses another version. */
const VERSION = 'version';

interface IRowButtonsProps {
  environment: IEnvironment;
  /** What is wrong with it, if anything is. */
  wrong: IFinding | undefined;
  /** A copy of it is on the disk. */
  kept: boolean;
  tabIndex: number;
}

/** What can be done with an environment at once; what it calls for stays without hovering. */
export function RowButtons(props: IRowButtonsProps): React.ReactElement {
  const { environment, wrong, kept, tabIndex } = props;
  const { trans } = usePanel();
  const run = useRun();
  const { name, unsaved, newest } = environment;
  const [primary, args] = primaryOf(environment);
  const act = () => run(primary, args);
  if (environment.where !== 'disk') {
    return (
      <RowButton tabIndex={tabIndex} stays={!kept} onClick={act}>
        {trans.__('Keep on disk')}
      </RowButton>
    );
  }
  const newer = !unsaved && hasNewer(environment);
  return (
    <>
      {wrong ? (
        <Mend wrong={wrong} name={name} tabIndex={tabIndex} />
      ) : (
        <>
          {unsaved && (
            <RowButton
              tabIndex={tabIndex}
              stays
              title={unsavedHover(environment, trans)}
              onClick={() => run(CommandIDs.saveVersion, { name })}
            >
              {trans.__('Save')}
            </RowButton>
          )}
          {newer && (
            <RowButton
              tabIndex={tabIndex}
              stays
              title={trans.__(
                'Kernels that start from now on have version %1.',
                newest
              )}
              onClick={() => run(CommandIDs.chooseNewest, { name })}
            >
              {trans.__('Use v%1', newest)}
            </RowButton>
          )}
          <RowButton tabIndex={tabIndex} onClick={act}>
            {environment.kernel === 'none'
              ? trans.__('Register')
              : trans.__('Notebook')}
          </RowButton>
        </>
      )}
      {!unsaved && !newer && (
        // What has a button of its own that stays leaves no room for every other.
        <RowButton
          tabIndex={tabIndex}
          onClick={() => run(CommandIDs.cloneEnvironment, { source: name })}
        >
          {trans.__('Clone')}
        </RowButton>
      )}
    </>
  );
}

/** The one click that mends what is wrong, where there is one. */
function Mend(props: {
  wrong: IFinding;
  name: string;
  tabIndex: number;
}): React.ReactElement | null {
  const { wrong, name, tabIndex } = props;
  const { trans } = usePanel();
  const run = useRun();
  const versions = wrong.check === VERSION;
  return versions || wrong.fix ? (
    <RowButton
      tabIndex={tabIndex}
      stays
      title={fixWord(wrong, trans)}
      onClick={() =>
        run(versions ? CommandIDs.showVersions : CommandIDs.fixEnvironment, {
          name
        })
      }
    >
      {versions ? trans.__('Versions…') : trans.__('Fix')}
    </RowButton>
  ) : null;
}

/** What Enter does with it. */
export function primaryOf(
  environment: IEnvironment
): [command: string, args: { name: string }] {
  if (environment.where !== 'disk') {
    return [CommandIDs.keepEnvironment, { name: environment.prefix }];
  }
  return [
    environment.kernel === 'none'
      ? CommandIDs.registerKernel
      : CommandIDs.openNotebook,
    { name: environment.name }
  ];
}
