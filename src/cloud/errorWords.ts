import { TranslationBundle } from '@jupyterlab/translation';

type Words = { [code: string]: string };

/** Headings for what the cloud, its keys and SSH refuse. */
export function cloudTitles(trans: TranslationBundle): Words {
  return {
    cloud_failed: trans.__('The cloud answered with an error.'),
    cloud_not_installed: trans.__('The cloud’s SDK is not installed.'),
    cloud_setting: trans.__('A setting of the cloud is missing or wrong.'),
    no_credentials: trans.__('There are no keys for the cloud.'),
    cloud_unauthenticated: trans.__('The cloud does not accept the keys.'),
    cloud_forbidden: trans.__('The right to do this is missing.'),
    agency_missing: trans.__('ModelArts itself is not authorised.'),
    cloud_not_found: trans.__('The cloud knows no such thing.'),
    cloud_conflict: trans.__('This cannot be done as things are now.'),
    cloud_invalid: trans.__('The cloud does not accept a value.'),
    cloud_quota: trans.__('There is no quota or capacity left.'),
    cloud_busy: trans.__('The cloud is busy.'),
    cloud_unreachable: trans.__('The cloud cannot be reached.'),
    cloud_timeout: trans.__('The cloud does not answer in time.'),
    cloud_answer_invalid: trans.__('What answered is not the cloud.'),
    state_failed: trans.__('The cloud began, and it failed.'),
    hooks_unseen: trans.__('The cloud does not show registered hooks.'),
    key_refused: trans.__('This key cannot be used.'),
    passphrase_wrong: trans.__('The passphrase does not fit.'),
    openssh_failed: trans.__('OpenSSH refused.'),
    must_be_stopped: trans.__('The notebook must be stopped first.'),
    block_damaged: trans.__('~/.ssh/config was changed inside our marks.'),
    local_cloud_failed: trans.__('The local cloud failed.'),
    links_refused: trans.__('Hard links cannot be made there.'),
    no_job: trans.__('There is no such job.'),
    shell_not_installed: trans.__('What shells need is not installed.'),
    shell_refused: trans.__('A rule forbids this shell.'),
    login_refused: trans.__('The container does not let us in.'),
    host_key_changed: trans.__('The container’s host key is another one.'),
    shell_unreachable: trans.__('The container does not answer.'),
    connection_lost: trans.__('The connection was lost.'),
    shell_not_found: trans.__('The shell has ended.'),
    too_many_shells: trans.__('Too many shells are open.')
  };
}

/** What to do, for who does not read the server's language. */
export function cloudHints(trans: TranslationBundle): Words {
  const again = trans.__('Wait a moment, then try again.');
  return {
    cloud_not_installed: trans.__(
      'Run pip install "modelarts_nb[cloud]", then restart the Jupyter server.'
    ),
    cloud_setting: trans.__(
      'Set region, project and instance (Cloud.region, Cloud.project, Cloud.instance), then restart the server.'
    ),
    no_credentials: trans.__(
      'Set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK, or Cloud.access_key and Cloud.secret_key.'
    ),
    cloud_unauthenticated: trans.__(
      'Check the keys and the clock; temporary keys run out (ma cloud check says more).'
    ),
    cloud_forbidden: trans.__(
      'Ask an administrator for the right below. One granted less than 30 minutes ago may not be in force yet.'
    ),
    agency_missing: trans.__(
      'An administrator adds the authorisation in the console: ModelArts, permission management.'
    ),
    cloud_not_found: trans.__('Refresh; check region and project too.'),
    cloud_quota: trans.__('Wait, choose something smaller, or ask for more.'),
    cloud_busy: again,
    cloud_unreachable: trans.__('Check the network and the endpoint.'),
    cloud_timeout: again,
    cloud_answer_invalid: trans.__(
      'A proxy may stand in between; check the endpoint.'
    ),
    hooks_unseen: trans.__(
      'If you registered none yourself, run ma hook install --replace in a terminal.'
    ),
    key_refused: trans.__(
      'The cloud takes public RSA keys of 1024, 2048 or 4096 bits, in one line.'
    ),
    passphrase_wrong: trans.__('It has at least 8 characters; type it again.'),
    openssh_failed: trans.__('Install openssh-client 8.0 or later.'),
    must_be_stopped: trans.__(
      'Have it stopped and started for the change, or do it in the console.'
    ),
    block_damaged: trans.__(
      'Mend or remove the block in ~/.ssh/config, then run the same again.'
    ),
    links_refused: trans.__('Copy instead, or choose a place on one disk.'),
    no_job: trans.__('ma job submit begins one; docs/jobs.md says how.'),
    shell_not_installed: trans.__(
      'Run pip install "modelarts_nb[shell]", then restart the Jupyter server.'
    ),
    shell_refused: trans.__(
      'A shell needs a running job with a key pair of yours, or one in a dedicated pool whose cluster is known here. The text below says what is missing.'
    ),
    login_refused: trans.__(
      'Unlock the private half of the job’s key pair, or submit the job with a pair of yours.'
    ),
    host_key_changed: trans.__(
      'It may not be the container that was met before. The text below says how to forget the old key.'
    ),
    shell_unreachable: again,
    connection_lost: trans.__('Reconnect opens a new shell in the same task.'),
    shell_not_found: trans.__('Reconnect opens a new shell in the same task.'),
    too_many_shells: trans.__('Close some of them.')
  };
}

/** The cloud’s own codes that people meet, more exact than the kind of error. */
export function cloudCodeTitle(
  code: string | undefined,
  trans: TranslationBundle
): string | undefined {
  const words: Words = {
    '6301': trans.__('A notebook of this name exists.'),
    '6304': trans.__('The notebook must be stopped first.'),
    '6305': trans.__('The notebook runs already.'),
    '6306': trans.__('The notebook is starting already.'),
    '6307': trans.__('The notebook is stopped already.'),
    '6308': trans.__('The notebook is stopping already.'),
    '6309': trans.__('There is no such notebook.'),
    '6327': trans.__('The notebook must run for this.'),
    '6329': trans.__('This flavor is sold out.'),
    '6347': trans.__('This cannot be changed in the notebook’s state.'),
    '6349': trans.__('The time must be from 1 to 72 hours.'),
    '6404': trans.__('Nothing is mounted there.'),
    '6702': trans.__('This site does not mount that category.'),
    '6772': trans.__('Only a parallel file system of OBS can be mounted.'),
    '6786': trans.__('The key pair is another user’s.'),
    '6789': trans.__('The key pair was deleted.'),
    '6927': trans.__('The path must be a folder below /data.')
  };
  return words[(code ?? '').replace('ModelArts.', '')];
}

/** Errors of the cloud whose own text is the very thing to know. */
export const CLOUD_TEXT_MATTERS = [
  'cloud_failed',
  'cloud_forbidden',
  'cloud_conflict',
  'cloud_invalid',
  'cloud_not_found',
  'cloud_quota',
  'cloud_setting',
  'key_refused',
  'must_be_stopped',
  'state_failed',
  'shell_refused',
  'login_refused',
  'host_key_changed'
];

/** What a check of SSH looked at, by its code. */
export function sshFindingWord(
  code: string,
  trans: TranslationBundle
): string | undefined {
  const words: Words = {
    endpoint: trans.__('The SSH endpoint is open'),
    no_endpoint: trans.__('There is no SSH endpoint'),
    not_running: trans.__('The notebook does not run'),
    no_address: trans.__('The endpoint has no address before the next start'),
    allowed_addresses: trans.__('Only some addresses may connect'),
    pair: trans.__('The key pair exists'),
    pair_unusable: trans.__('The key pair is gone or another user’s'),
    pairs_unseen: trans.__('The key pairs cannot be seen'),
    openssh: trans.__('OpenSSH is here'),
    openssh_missing: trans.__('OpenSSH is not installed here'),
    openssh_old: trans.__('OpenSSH is too old'),
    ssh_folder_mode: trans.__('Others may write to ~/.ssh'),
    key_mode: trans.__('Others may read the private key'),
    server_old: trans.__('The notebook’s SSH server is old'),
    not_ssh: trans.__('What answers is not SSH'),
    reachable: trans.__('The address answers'),
    login: trans.__('A login from here works'),
    host_key_changed: trans.__('The host key is another one'),
    not_allowed_now: trans.__('Nobody is let in at the moment'),
    image_openssh: trans.__('The image’s OpenSSH does not fit'),
    closed_at_once: trans.__('The connection is closed at once'),
    key_locked: trans.__('The private key needs its passphrase'),
    refused: trans.__('The notebook does not take the key'),
    no_name: trans.__('The host’s name is not known'),
    unreachable: trans.__('Nothing answers at the address'),
    connection_refused: trans.__('Nobody listens at the address'),
    unknown: trans.__('SSH did not get in')
  };
  return words[code];
}

/** What mends it, for who does not read the server's language. */
export function sshFixWord(
  code: string,
  trans: TranslationBundle
): string | undefined {
  const setup = trans.__('Use “Set up SSH…”, then restart the notebook.');
  const words: Words = {
    no_endpoint: setup,
    not_running: trans.__('Start the notebook.'),
    no_address: trans.__('Stop and start the notebook.'),
    allowed_addresses: trans.__(
      'If yours is not among them, add it in “Set up SSH…”.'
    ),
    pair_unusable: trans.__('Give the notebook one of your own key pairs.'),
    openssh_missing: trans.__('Install openssh-client 8.0 or later.'),
    openssh_old: trans.__('Both sides need OpenSSH 8.0 or later.'),
    ssh_folder_mode: 'chmod 750 ~/.ssh',
    key_mode: trans.__('Make the key readable for you alone (chmod 600).'),
    host_key_changed: trans.__(
      'If the notebook was restarted since, use “Forget the Host Key…”.'
    ),
    closed_at_once: trans.__(
      'Ten connections are the most: close some editors; or your address is not allowed.'
    ),
    key_locked: trans.__('Unlock the key.'),
    refused: trans.__(
      'Is it the right private key? A changed key pair counts from the next start on.'
    ),
    no_name: trans.__('Copy the block again; VPN or DNS may be missing.'),
    unreachable: trans.__(
      'Check the firewall (ports 30000 to 32767) and the allowed addresses.'
    ),
    connection_refused: trans.__(
      'The port changes: copy the block again. Does the notebook run?'
    )
  };
  return words[code];
}
