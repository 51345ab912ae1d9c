/**
 * Going into a group by a welcome, in place of ts-mls's `joinGroup`, which (up to 1.6.4, and 2.0.0-rc.10) refuses lawful groups: it
 * wants all nodes between an unmerged leaf and the root to name the same unmerged leaves, where RFC 9420 (section 7.9) speaks of those
 * between the leaf and the node that names it. Groups that have had seven devices come to that sooner or later. When ts-mls
 * is mended, this file goes.
 *
 * Everything else is looked at as there, with its own functions. Beside it this tells who made the welcome, which `joinGroup` does not.
 *
 * Deliberately absent: secrets shared beforehand. A welcome that wants some is refused.
 */

import { validateRatchetTree } from 'ts-mls/clientState.js';
import {
  ratchetTreeFromExtension,
  verifyGroupInfoConfirmationTag,
  verifyGroupInfoSignature,
} from 'ts-mls/groupInfo.js';
import { makeKeyPackageRef } from 'ts-mls/keyPackage.js';
import { deriveKeySchedule } from 'ts-mls/keySchedule.js';
import { verifyParentHashes } from 'ts-mls/parentHash.js';
import { pathToRoot } from 'ts-mls/pathSecrets.js';
import { mergePrivateKeyPaths, toPrivateKeyPath } from 'ts-mls/privateKeyPath.js';
import { findLeafIndex } from 'ts-mls/ratchetTree.js';
import { createSecretTree } from 'ts-mls/secretTree.js';
import { treeHashRoot } from 'ts-mls/treeHash.js';
import { directPath, leafToNodeIndex, leafWidth } from 'ts-mls/treemath.js';
import { firstCommonAncestor } from 'ts-mls/updatePath.js';
import { decryptGroupInfo, decryptGroupSecrets } from 'ts-mls/welcome.js';

/**
 * What a welcome says of its group. It is not believed yet.
 *
 * @param {import("ts-mls").Welcome} welcome
 * @param {import("./mls.mjs").KeptPackage} kept
 * @param {import("ts-mls").CiphersuiteImpl} suite
 */
export async function openWelcome(welcome, kept, suite) {
  const reference = await makeKeyPackageRef(kept.public, suite.hash);
  const key = await suite.hpke.importPrivateKey(kept.secret.initPrivateKey);
  const secrets = await decryptGroupSecrets(key, reference, welcome, suite.hpke);
  if (secrets === undefined || secrets.psks.length > 0) return undefined;
  const info = await decryptGroupInfo(welcome, secrets.joinerSecret, noSecret(suite), suite);
  return info && { info, secrets };
}

/**
 * Goes into it; nothing if it does not hold.
 *
 * @param {NonNullable<Awaited<ReturnType<typeof openWelcome>>>} opened
 * @param {import("./mls.mjs").KeptPackage} kept
 * @param {import("ts-mls").CiphersuiteImpl} suite
 * @param {import("ts-mls").ClientConfig} clientConfig
 * @returns {Promise<import("ts-mls").ClientState | undefined>}
 */
export async function enter({ info, secrets }, kept, suite, clientConfig) {
  const { groupContext, signer } = info;
  const tree = ratchetTreeFromExtension(info);
  const signedBy = tree?.[leafToNodeIndex(signer)];
  const own = tree && findLeafIndex(tree, kept.public.leafNode);
  if (signedBy?.nodeType !== 'leaf' || own === undefined) return undefined;
  if (groupContext.cipherSuite !== kept.public.cipherSuite || groupContext.version !== kept.public.version)
    return undefined;
  if (!isWithin(groupContext.extensions, kept.public.leafNode.capabilities)) return undefined;
  if (!(await verifyGroupInfoSignature(info, signedBy.leaf.signaturePublicKey, suite.signature))) return undefined;
  await checkTree(tree, groupContext, suite, clientConfig);

  const [keySchedule, encryptionSecret] = await deriveKeySchedule(
    secrets.joinerSecret,
    noSecret(suite),
    groupContext,
    suite.kdf,
  );
  if (!(await verifyGroupInfoConfirmationTag(info, secrets.joinerSecret, noSecret(suite), suite))) return undefined;
  const leaf = { leafIndex: own, privateKeys: { [leafToNodeIndex(own)]: kept.secret.hpkePrivateKey } };
  return {
    groupContext,
    ratchetTree: tree,
    privatePath: mergePrivateKeyPaths(await pathOf(tree, own, signer, secrets.pathSecret, suite), leaf),
    signaturePrivateKey: kept.secret.signaturePrivateKey,
    confirmationTag: info.confirmationTag,
    unappliedProposals: {},
    keySchedule,
    secretTree: await createSecretTree(leafWidth(tree.length), encryptionSecret, suite.kdf),
    historicalReceiverData: new Map(),
    groupActiveState: { kind: 'active' },
    clientConfig,
  };
}

/** The keys above the own leaf that the commit has made which let this device in. */
async function pathOf(tree, own, signer, pathSecret, suite) {
  if (pathSecret === undefined) return { leafIndex: own, privateKeys: {} };
  const from = firstCommonAncestor(tree, own, signer);
  return toPrivateKeyPath(await pathToRoot(tree, from, pathSecret, suite.kdf), own, suite);
}

/** Throws if the tree breaks a law. */
async function checkTree(tree, groupContext, suite, { lifetimeConfig, authService }) {
  // The leaves, by ts-mls: a tree of nothing else has no unmerged ones.
  const leaves = tree.map((node, at) => (at % 2 === 0 ? node : undefined));
  const hash = await treeHashRoot(leaves, suite.hash);
  const wrong = await validateRatchetTree(leaves, groupContext, lifetimeConfig, authService, hash, suite);
  if (wrong !== undefined) throw wrong;

  const keys = new Set();
  for (const [at, node] of tree.entries()) {
    if (node === undefined) continue;
    if ((node.nodeType === 'leaf') !== (at % 2 === 0)) throw new Error("a node of the tree is in another's place");
    keys.add(String(node.nodeType === 'leaf' ? node.leaf.hpkePublicKey : node.parent.hpkePublicKey));
    for (const unmerged of node.nodeType === 'parent' ? node.parent.unmergedLeaves : []) {
      if (!isUnmergedBelow(tree, unmerged, at)) throw new Error('an unmerged leaf is none');
    }
  }
  if (keys.size !== tree.filter((node) => node !== undefined).length)
    throw new Error('two nodes of the tree have one key');
  if (!(await verifyParentHashes(tree, suite.hash))) throw new Error("a parent in the tree is not its children's");
  const treeHash = await treeHashRoot(tree, suite.hash);
  if (String(treeHash) !== String(groupContext.treeHash)) throw new Error("this is another group's tree");
}

/** Whether there is such a leaf below this node, and every node between them names it too. */
function isUnmergedBelow(tree, unmerged, at) {
  const leaf = leafToNodeIndex(unmerged);
  if (leaf >= tree.length) return false;
  const path = directPath(leaf, leafWidth(tree.length));
  const between = path.slice(0, path.indexOf(at));
  return (
    path.includes(at) &&
    tree[leaf] !== undefined &&
    between.every((node) => tree[node] === undefined || tree[node].parent.unmergedLeaves.includes(unmerged))
  );
}

/** Whether a device that can do this knows all these extensions. Those with names are the standard's own, which all know. */
function isWithin(extensions, capabilities) {
  return extensions.every(
    ({ extensionType: type }) => typeof type === 'string' || capabilities.extensions.includes(type),
  );
}

function noSecret(suite) {
  return new Uint8Array(suite.kdf.size);
}
