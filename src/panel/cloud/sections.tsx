import React from 'react';

import { ApiError } from '../../api/request';
import { worthAsking } from '../../cloud/view';
import { ErrorBox } from '../../dialogs/error';
import { usePanel } from '../context';
import { JobsSection } from './jobs';
import { NotebookSection } from './notebook';
import { useCloud } from './parts';
import { SshSection } from './ssh';
import { StorageSection } from './storage';
import { Teaching } from './teaching';

type Name = 'notebook' | 'storage' | 'ssh' | 'jobs';

interface ISectionsProps {
  fold: (name: Name) => { open: boolean; onToggle: (open: boolean) => void };
}

/** What is in the cloud; without an account one quiet line, and never an error. */
export function CloudSections(
  props: ISectionsProps
): React.ReactElement | null {
  const { cloud, trans } = usePanel();
  const { fold } = props;
  const { view } = useCloud();
  const { status } = view;
  if (!status) {
    // Not heard yet, or a server part that knows nothing of the cloud.
    return null;
  }
  if (status.kind === 'none') {
    return <Teaching status={status} trans={trans} />;
  }
  const known = Object.values(view).some(part => part && part !== status);
  return (
    <>
      {status.error && !worthAsking(status) && (
        <div className="ma-Pad">
          <ErrorBox error={new ApiError(status.error, 502)} trans={trans} />
          <button
            type="button"
            className="ma-Button"
            onClick={() => void cloud.refresh()}
          >
            {trans.__('Try again')}
          </button>
        </div>
      )}
      {(known || worthAsking(status)) && (
        <>
          <NotebookSection {...fold('notebook')} />
          <StorageSection {...fold('storage')} />
          <SshSection {...fold('ssh')} />
          <JobsSection {...fold('jobs')} />
        </>
      )}
    </>
  );
}
