import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { ICloudStatus } from '../../api/cloudTypes';
import { CopyButton, Technical } from '../../dialogs/error';

/** Where the local cloud leaves the developer's keys. */
const KEYS = '~/.local/state/modelarts_nb/local-cloud/keys/developer.json';

/** No account: what there would be, what to set and where, and how to try it without one. */
export function Teaching(props: {
  status: ICloudStatus;
  trans: TranslationBundle;
  /** Unfolded from the start. */
  open?: boolean;
}): React.ReactElement {
  const { status, trans, open } = props;
  return (
    <section className="ma-Teaching" aria-label={trans.__('Cloud')}>
      <details open={open}>
        <summary className="ma-muted">
          {trans.__('No cloud account is set up here. Environments need none.')}
        </summary>
        <p>
          {trans.__(
            'With keys for the cloud, this panel also keeps the notebook alive, mounts storage and sets up SSH. Set these before the Jupyter server starts:'
          )}
        </p>
        <Lines text={'HUAWEICLOUD_SDK_AK\nHUAWEICLOUD_SDK_SK'} trans={trans} />
        <p>
          {trans.__(
            'Or write Cloud.access_key and Cloud.secret_key into ~/.jupyter/modelarts_nb_config.json. docs/cloud.md lists every other way.'
          )}
        </p>
        {status.error?.code === 'cloud_not_installed' && (
          <>
            <p>{trans.__('The cloud’s SDK is missing too:')}</p>
            <Lines text={'pip install "modelarts_nb[cloud]"'} trans={trans} />
          </>
        )}
        <p>
          {trans.__(
            'Try it on the local cloud, a stand-in on this machine, without an account:'
          )}
        </p>
        <Lines
          text={[
            'pip install "modelarts_nb[local-cloud,cloud]"',
            'ma local up',
            `export MODELARTS_NB_CLOUD_FILE=${KEYS}`
          ].join('\n')}
          trans={trans}
        />
        <p className="ma-muted">
          {trans.__('Then start JupyterLab again from the same terminal.')}
        </p>
        {status.error && (
          <Technical
            text={[status.error.message, status.error.hint]
              .filter(Boolean)
              .join('\n')}
            trans={trans}
          />
        )}
      </details>
    </section>
  );
}

/** Commands to type, with a button that copies them. */
export function Lines(props: {
  text: string;
  trans: TranslationBundle;
  label?: string;
}): React.ReactElement {
  const { text, trans, label } = props;
  return (
    <div className="ma-Lines">
      <pre role="region" tabIndex={0} aria-label={label ?? text.split('\n')[0]}>
        {text}
      </pre>
      <CopyButton text={text} trans={trans} />
    </div>
  );
}
