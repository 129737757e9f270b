import { TranslationBundle } from '@jupyterlab/translation';

/** Text of a private key, of whatever kind: nothing of it may leave the browser. */
export function isPrivateKey(text: string): boolean {
  return /PRIVATE KEY|PuTTY-User-Key-File|openssh-key-v1|b3BlbnNzaC1rZXktdjE/i.test(
    text
  );
}

const KIND = /^(ssh|ecdsa-sha2|sk-ssh|sk-ecdsa-sha2)-[A-Za-z0-9@.-]+$/;

/** Why a text is no public key that the cloud takes; null when it is one. */
export function publicKeyProblem(
  text: string,
  trans: TranslationBundle
): string | null {
  const key = text.trim();
  if (!key) {
    return trans.__('Paste the public key.');
  }
  if (isPrivateKey(key)) {
    return privateKeyWords(trans);
  }
  const [kind, body = ''] = key.split(/\s+/);
  if (KIND.test(kind) && kind !== 'ssh-rsa') {
    return trans.__(
      'The cloud takes RSA keys only, and this one is %1. Make one: ssh-keygen -t rsa -b 4096',
      kind
    );
  }
  if (kind !== 'ssh-rsa' || /[\r\n]/.test(key)) {
    return trans.__('A public key is one line: ssh-rsa AAAAB3… comment.');
  }
  return /^AAAAB3NzaC1yc2E[A-Za-z0-9+/]{100,}={0,3}$/.test(body)
    ? null
    : trans.__('The public key is not whole: copy the whole line.');
}

export function privateKeyWords(trans: TranslationBundle): string {
  return trans.__(
    'That was a private key. It was not sent anywhere and is not kept here. Paste the public half: the file that ends in .pub.'
  );
}

/** Key pairs are called so. */
const NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** Why a key pair cannot be called so; null when it can. */
export function keyNameProblem(
  name: string,
  trans: TranslationBundle
): string | null {
  return NAME.test(name)
    ? null
    : trans.__('The name takes letters, digits, - and _, at most 64.');
}
