import { TranslationBundle } from '@jupyterlab/translation';

import { ApiError, EXTENSION_MISSING, UNREACHABLE } from './api/request';
import { IDisk, IFinding } from './api/types';
import {
  CLOUD_TEXT_MATTERS,
  cloudCodeTitle,
  cloudHints,
  cloudTitles
} from './cloud/errorWords';

type Words = { [key: string]: string };

/**
 * Whether the user reads the language that the server writes.
 *
 * The server's texts are English and full of names and numbers. Who reads another
 * language is told by code what it is about, and finds the text folded below.
 */
export function readsEnglish(trans: TranslationBundle): boolean {
  // Every translation translates this into its own code.
  return trans.__('en') === 'en';
}

/** A heading for an error, in the user's language, by its code. */
export function errorTitle(error: ApiError, trans: TranslationBundle): string {
  const words: Words = {
    [UNREACHABLE]: trans.__('The Jupyter server does not answer.'),
    [EXTENSION_MISSING]: trans.__(
      'The server part of ModelArts NB is not running.'
    ),
    invalid_name: trans.__('This name cannot be used.'),
    name_taken: trans.__('This name is taken.'),
    not_found: trans.__('Not found.'),
    not_an_environment: trans.__('This is not a conda environment.'),
    not_filled: trans.__('It is not on the local disk yet.'),
    unsaved: trans.__('There are unsaved changes here.'),
    disk_missing: trans.__('The persistent disk is not there.'),
    disk_full: trans.__('The disk is full.'),
    disk_failure: trans.__('The disk failed.'),
    disk_timeout: trans.__('The disk does not answer.'),
    access_denied: trans.__('No permission.'),
    forbidden: trans.__('No permission.'),
    tool_missing: trans.__('The tool is not in this container.'),
    worker_lost: trans.__('The server part failed.'),
    internal: trans.__('The server part failed.'),
    busy: trans.__('Somebody else is working on it.'),
    cancelled: trans.__('Cancelled.'),
    archive_invalid: trans.__('The archive cannot be used.'),
    archive_hostile: trans.__('The archive is not safe to unpack.'),
    platform_mismatch: trans.__('Made for another platform.'),
    pack_refused: trans.__('The environment cannot be packed as it is.'),
    unsolvable: trans.__('No set of packages fits the request.'),
    network_unavailable: trans.__('A channel could not be reached.'),
    engine_failed: trans.__('The installation failed.'),
    config_invalid: trans.__('A settings file cannot be read.'),
    owner_unknown: trans.__('Several people use this disk.'),
    tampered: trans.__('A file is not the one that was installed.'),
    usage: trans.__('Something is missing or of the wrong kind.'),
    ...cloudTitles(trans)
  };
  const exact = cloudCodeTitle(error.wire.error_code, trans);
  return exact ?? words[error.code] ?? trans.__('Something went wrong.');
}

/** What to do about an error: in the server's own words, or by its code. */
export function errorHint(error: ApiError, trans: TranslationBundle): string {
  const own: Words = {
    [UNREACHABLE]: trans.__(
      'Check the connection; running operations go on without it.'
    ),
    [EXTENSION_MISSING]: trans.__(
      'Run `ma restore` (or `pip install modelarts_nb` beside JupyterLab) and restart the Jupyter server.'
    )
  };
  if (error.code in own) {
    return own[error.code];
  }
  if (readsEnglish(trans)) {
    return error.hint;
  }
  const again = trans.__(
    'Run the same again; if it repeats, check the storage.'
  );
  const restart = trans.__(
    'Restart the Jupyter server; if it happens again, report it with the details.'
  );
  const words: Words = {
    invalid_name: trans.__(
      'A name has letters, digits, dot, dash and underscore, starts with a letter or digit and is at most 64 long.'
    ),
    name_taken: trans.__('Choose another name, or remove that one first.'),
    not_filled: trans.__(
      'Choose “Copy to the Local Disk Now” in its menu, then try again.'
    ),
    unsaved: trans.__('Save them as a version, then run the same again.'),
    disk_missing: trans.__(
      'Set MODELARTS_NB_DISK (PersistentDisk.root) to the folder that survives a restart, then restart the server.'
    ),
    disk_full: trans.__(
      'Empty the bin or remove an environment, then run the same again.'
    ),
    disk_failure: again,
    disk_timeout: trans.__(
      'Wait for the storage to come back, then run the same again.'
    ),
    access_denied: trans.__('Check who may read and write the file.'),
    tool_missing: trans.__(
      'Run `ma restore` in a terminal, or restart the notebook.'
    ),
    worker_lost: restart,
    internal: restart,
    busy: trans.__('Wait until it ends, then try again.'),
    archive_invalid: trans.__('Copy the archive again, or pack it again.'),
    archive_hostile: trans.__(
      'No packed environment looks like this: do not trust this file.'
    ),
    platform_mismatch: trans.__(
      'Make the environment anew here, from its export.'
    ),
    pack_refused: trans.__(
      'Mend what gets in the way, or choose to leave it out.'
    ),
    unsolvable: trans.__('Check names and versions, or name another channel.'),
    network_unavailable: trans.__(
      'Check the network and the channels; a mirror may be nearer.'
    ),
    engine_failed: trans.__('The log says more. Run the same again.'),
    config_invalid: trans.__('Mend the file or remove it.'),
    owner_unknown: trans.__(
      'Say in the settings whose notebook this is (PersistentDisk.owner).'
    ),
    tampered: trans.__(
      'Trust it and install the hook again, or ask who changed it.'
    ),
    ...cloudHints(trans)
  };
  return words[error.code] ?? '';
}

/** Errors whose own text is the very thing to know: never folded away. */
const TEXT_MATTERS = new Set([
  'config_invalid',
  'engine_failed',
  'error',
  'not_found',
  'pack_refused',
  'unsolvable',
  'usage',
  ...CLOUD_TEXT_MATTERS
]);

export function textMatters(error: ApiError): boolean {
  return TEXT_MATTERS.has(error.code);
}

/** What a finding is about, in the user's language; its message says the details. */
export function findingWord(
  finding: IFinding,
  trans: TranslationBundle
): string {
  const words: Words = {
    interpreter: trans.__('Python does not start'),
    prefix: trans.__('paths lead elsewhere'),
    records: trans.__('files do not match their records'),
    bytecode: trans.__('compiled files are stale'),
    kernel: trans.__('Jupyter cannot use it'),
    disk: trans.__('the disk is slow'),
    editable: trans.__('editable packages'),
    clobbered: trans.__('pip overwrote files of conda'),
    missing: trans.__('files are missing'),
    outside: trans.__('links lead outside'),
    space: trans.__('not enough space'),
    version: trans.__('its version cannot be read'),
    versions: trans.__('not every version is whole')
  };
  return words[finding.check] ?? finding.message;
}

/** What mends a finding: in the server's own words, or by the name of the check. */
export function fixWord(finding: IFinding, trans: TranslationBundle): string {
  if (readsEnglish(trans)) {
    return finding.fix;
  }
  if (!finding.fix) {
    return '';
  }
  const words: Words = {
    interpreter: trans.__('Install python into it again.'),
    records: trans.__('Install these packages again.'),
    prefix: trans.__('Rewrite the paths in its files.'),
    bytecode: trans.__('Compile them again.'),
    kernel: trans.__('Register its kernel.'),
    editable: trans.__('Install them for good, or leave them out.'),
    clobbered: trans.__('Nothing need be done.'),
    missing: trans.__('Install the packages again, or pack all the same.'),
    outside: trans.__('Leave them out if they are no part of it.'),
    space: trans.__('Empty the bin or remove an environment.'),
    version: trans.__('Update modelarts_nb, or go back to another version.'),
    versions: trans.__('Go back to a version that is whole.')
  };
  return words[finding.check] ?? '';
}

/** Why a folder does not survive a restart. */
export function diskReason(disk: IDisk, trans: TranslationBundle): string {
  const words: Words = {
    memory: trans.__('It is memory, lost at restart.'),
    container: trans.__('It is on the container’s own layer, lost at restart.')
  };
  return words[disk.kind] ?? disk.reason;
}
