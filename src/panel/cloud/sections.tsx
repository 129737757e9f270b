import React from 'react';

import { ApiError } from '../../api/request';
import { worthAsking } from '../../cloud/view';
import { usePanel } from '../context';
import { Failed } from '../failed';
import { IFold } from '../section';
import { JobsSection } from './jobs';
import { NotebookSection } from './notebook';
import { useCloud } from './parts';
import { SshSection } from './ssh';
import { StorageSection } from './storage';
import { Teaching } from './teaching';

type Name = 'notebook' | 'storage' | 'ssh' | 'jobs';

interface ISectionsProps {
  fold: (name: Name) => IFold;
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
        <Failed
          errors={[new ApiError(status.error, 502)]}
          onRetry={() => void cloud.refresh()}
        />
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
