import React from 'react';

import { ISshSetup, LaptopSystem } from '../../api/cloudTypes';
import { Lines } from '../../panel/cloud/teaching';
import { IModelArtsNb } from '../../tokens';
import { SelectField, TextField } from '../fields';
import { show } from '../form';
import { Loaded } from '../loaded';
import { KEY_FILE, lastKeyFile } from './sshSetup';

/** After typing has stopped for so long the block is read again, in ms. */
const PAUSE = 500;

/** What to paste on the laptop, and where. */
export async function showLaptop(
  nb: IModelArtsNb,
  notebook?: string,
  keyFile?: string
): Promise<void> {
  await show(
    nb.trans.__('For the laptop’s editors and ssh'),
    <LaptopView
      nb={nb}
      notebook={notebook}
      keyFile={keyFile ?? lastKeyFile(nb)}
    />,
    nb.trans
  );
}

function LaptopView(props: {
  nb: IModelArtsNb;
  notebook?: string;
  keyFile: string;
}): React.ReactElement {
  const { nb, notebook } = props;
  const { trans, cloud } = nb;
  const [typed, setTyped] = React.useState(props.keyFile);
  const [keyFile, setKeyFile] = React.useState(props.keyFile);
  React.useEffect(() => {
    const timer = window.setTimeout(
      () => setKeyFile(typed.trim() || KEY_FILE),
      PAUSE
    );
    return () => window.clearTimeout(timer);
  }, [typed]);
  return (
    <>
      <TextField
        label={trans.__('The private key’s file on the laptop')}
        value={typed}
        onChange={setTyped}
      />
      <Loaded
        key={keyFile}
        nb={nb}
        load={() => cloud.client.ssh(notebook, keyFile)}
      >
        {setup => <Steps nb={nb} setup={setup} />}
      </Loaded>
    </>
  );
}

function Steps(props: {
  nb: IModelArtsNb;
  setup: ISshSetup;
}): React.ReactElement {
  const { nb, setup } = props;
  const { trans } = nb;
  const { laptop, endpoint } = setup;
  const [system, setSystem] = React.useState(ownSystem);
  if (!laptop) {
    return (
      <p>
        {endpoint.exists
          ? trans.__(
              'The notebook gets its address when it starts: then the block is here.'
            )
          : trans.__('No key opens this notebook yet: “Set up SSH…” first.')}
      </p>
    );
  }
  const where = laptop.paste_into.find(item => item.system === system);
  return (
    <>
      {endpoint.key_pairs.length === 0 && (
        <p className="ma-strong">
          {trans.__('No key pair opens this notebook yet.')}
        </p>
      )}
      <SelectField
        label={trans.__('The laptop')}
        value={system}
        options={[
          { value: 'macos', label: 'macOS' },
          { value: 'linux', label: 'Linux' },
          { value: 'windows', label: 'Windows' }
        ]}
        onChange={next => setSystem(next as LaptopSystem)}
      />
      <ol className="ma-Steps">
        {where && (
          <li>
            {trans.__('Open %1 on the laptop:', where.file)}
            <Lines text={where.open} trans={trans} />
          </li>
        )}
        <li>
          {trans.__('Paste this at its end, or over an older one, and save:')}
          <Lines
            text={laptop.block}
            trans={trans}
            label={trans.__('Block for ~/.ssh/config')}
          />
        </li>
        {where && (
          <li>
            {trans.__('Once: let nobody else read the private key.')}
            <Lines text={where.protect} trans={trans} />
          </li>
        )}
        <li>
          {trans.__(
            'Choose %1 in VS Code (Remote-SSH) or PyCharm, or type:',
            laptop.host
          )}
          <Lines text={`ssh ${laptop.host}`} trans={trans} />
        </li>
      </ol>
    </>
  );
}

/** The system that this browser runs on: most likely the laptop. */
function ownSystem(): LaptopSystem {
  const words = `${navigator.platform} ${navigator.userAgent}`;
  if (/Win/.test(words)) {
    return 'windows';
  }
  return /Mac/.test(words) ? 'macos' : 'linux';
}
