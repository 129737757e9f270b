import React from 'react';

import { Lines } from '../../panel/cloud/teaching';
import { IModelArtsNb } from '../../tokens';
import { show } from '../form';
import { Loaded } from '../loaded';

/** What to paste into the console where the hook cannot be registered by itself. */
export async function showHookCommand(nb: IModelArtsNb): Promise<void> {
  const { trans, cloud } = nb;
  await show(
    trans.__('The restart hook, by hand'),
    <Loaded nb={nb} load={() => cloud.client.hook(false)}>
      {hook =>
        hook.command ? (
          <>
            <p>
              {trans.__(
                'In the console, on the notebook’s page: change the notebook, container hooks, pre_start. Choose COMMAND and BLOCK, and paste:'
              )}
            </p>
            <Lines
              text={hook.command}
              trans={trans}
              label={trans.__('The hook’s command')}
            />
            <p className="ma-Form-space">
              {trans.__(
                'It runs what lies on the persistent disk, after checking that nobody changed it, and never holds a start up for long.'
              )}
            </p>
          </>
        ) : (
          <p>
            {trans.__(
              'Nothing is installed yet: “Install the Hook” puts it on the disk first.'
            )}
          </p>
        )
      }
    </Loaded>,
    trans
  );
}
