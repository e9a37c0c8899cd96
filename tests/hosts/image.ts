import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { run, type Bed } from "./beds";

/** Versions of k3s that the hosts find under /srv/artifacts, all of them the same stand-in. */
export const K3S_VERSIONS = ["v1.35.4+k3s1", "v1.36.1+k3s1", "v1.36.2+k3s1"] as const;

/** The same for k0s. */
export const K0S_VERSIONS = ["v1.35.7+k0s.0", "v1.36.2+k0s.0", "v1.36.3+k0s.2"] as const;

export interface Login {
  user: string;
  /** How the user becomes root: is root, is never asked, is asked for a password. */
  sudo: "root" | "free" | "password";
  password: string;
}

const standIns = join(__dirname, "stand-ins");

/** Writes a file below `folder`; folders are as open as those they lie over. */
function put(folder: string, path: string, text: string, mode = 0o644): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
  writeFileSync(file, text);
  chmodSync(file, mode);
}

/** What all hosts share: the stand-ins, and the folder in which these keep what etcd would. */
export function makeShared(bed: Bed, settings: object): void {
  const shared = join(bed.folder, "shared");
  mkdirSync(join(shared, "clusters"), { recursive: true, mode: 0o700 });
  for (const part of ["common", "k0s", "k3s"]) cpSync(join(standIns, part), join(shared, part), { recursive: true });
  const yaml = dirname(require.resolve("yaml/package.json"));
  for (const part of ["package.json", "dist"]) cpSync(join(yaml, part), join(shared, "node_modules", "yaml", part), { recursive: true });
  put(shared, "settings.json", JSON.stringify(settings));
  chmodSync(shared, 0o700);
  const artifacts = join(bed.folder, "artifacts");
  for (const version of K3S_VERSIONS) {
    const images = Object.fromEntries(["amd64", "arm64"].map((arch) => [`k3s-airgap-images-${arch}.tar.zst`, `sha256sum-${arch}.txt`]));
    putRelease(artifacts, "k3s", version, { k3s: "sha256sum-amd64.txt", "k3s-arm64": "sha256sum-arm64.txt" }, images);
  }
  for (const version of K0S_VERSIONS)
    putRelease(
      artifacts,
      "k0s",
      version,
      Object.fromEntries(["amd64", "arm64"].map((arch) => [`k0s-${version}-${arch}`, "sha256sums.txt"])),
      Object.fromEntries(
        ["amd64", "arm64"].map((arch) => [`k0s-airgap-bundle-${version}-${version.startsWith("v1.35.") ? arch : `linux-${arch}.tar`}`, "sha256sums.txt"]),
      ),
    );
}

/** Puts a stand-in there as a release: its files, archives of images, and for each the list with its checksum. */
function putRelease(artifacts: string, product: string, version: string, files: Record<string, string>, images: Record<string, string> = {}): void {
  const program = `#!${process.execPath}\n// A stand-in for ${product}; what it keeps and what it does not prove: tests/hosts/stand-ins/${product}/main.cjs\nrequire("/srv/bed/${product}/main.cjs").main("${version}");\n`;
  const sums: Record<string, string> = {};
  const add = (file: string, list: string, text: string): void => {
    put(artifacts, `${version}/${file}`, text, 0o755);
    sums[list] = `${sums[list] ?? ""}${createHash("sha256").update(text).digest("hex")} *${file}\n`;
  };
  for (const [file, list] of Object.entries(images)) add(file, list, `A stand-in for the images of ${version}.\n`);
  for (const [file, list] of Object.entries(files)) add(file, list, program);
  for (const [list, text] of Object.entries(sums)) put(artifacts, `${version}/${list}`, text);
  // As the address of a release has it.
  symlinkSync(version, join(artifacts, encodeURIComponent(version)));
}

export interface HostImage {
  name: string;
  address: string;
  /** Lines for /etc/hosts: name resolution of the bed. */
  names: string;
  login: Login;
  publicKey: string;
}

/** Makes what a host has of its own, before it starts; gives its public host key. */
export function makeHost(folder: string, { name, address, names, login, publicKey }: HostImage): string {
  const upper = join(folder, "upper");
  for (const part of ["upper/srv/bed", "upper/srv/artifacts", "upper/var/log", "upper/etc/ssh", "upper/opt", "work", "view"])
    mkdirSync(join(folder, part), { recursive: true, mode: 0o755 });
  const key = join(upper, "etc/ssh/bed_host_key");
  run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key]);

  put(upper, "etc/hostname", `${name}\n`);
  put(upper, "etc/machine-id", `${createHash("md5").update(`${folder}/${name}`).digest("hex")}\n`, 0o444);
  put(upper, "etc/hosts", `127.0.0.1 localhost\n${names}`);
  // Nobody listens there: a look-up fails at once.
  put(upper, "etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n");
  put(upper, "etc/ssh/bed_sshd_config", sshdConfig(address));
  for (const program of ["systemctl", "journalctl"]) put(upper, `usr/bin/${program}`, readFileSync(join(standIns, program), "utf8"), 0o755);
  // The kernel is that of this computer: what would be set is written down.
  put(upper, "usr/sbin/sysctl", '#!/bin/sh\n# A stand-in: sets nothing.\necho "$*" >>/var/log/bed-sysctl\n', 0o755);
  hide(upper, [
    "etc/rancher",
    "var/lib/rancher",
    "etc/k0s",
    "var/lib/k0s",
    "var/lib/bearstack",
    "usr/local/bin/k0s",
    "usr/local/bin/k3s",
    "usr/local/bin/kubectl",
  ]);

  const accounts = { passwd: readFileSync("/etc/passwd", "utf8"), group: readFileSync("/etc/group", "utf8"), shadow: readFileSync("/etc/shadow", "utf8") };
  // A locked root ("!") is refused by sshd without PAM.
  let shadow = accounts.shadow.replace(/^root:[^:]*:/m, "root:*:");
  const keyLine = `${publicKey.trim()}\n`;
  if (login.sudo === "root") {
    put(upper, "root/.ssh/authorized_keys", keyLine, 0o600);
    for (const part of ["root", "root/.ssh"]) chmodSync(join(upper, part), 0o700);
  } else {
    const hash = login.sudo === "password" ? run("openssl", ["passwd", "-6", "-stdin"], login.password).trim() : "*";
    put(upper, "etc/passwd", `${accounts.passwd}${login.user}:x:4242:4242::/home/${login.user}:/bin/sh\n`);
    put(upper, "etc/group", `${accounts.group}${login.user}:x:4242:\n`);
    shadow += `${login.user}:${hash}:20000:0:99999:7:::\n`;
    put(
      upper,
      "etc/sudoers",
      `Defaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"\nroot ALL=(ALL:ALL) ALL\n${login.user} ALL=(ALL:ALL) ${login.sudo === "free" ? "NOPASSWD:" : ""} ALL\n`,
      0o440,
    );
    put(upper, `home/${login.user}/.ssh/authorized_keys`, keyLine, 0o600);
    run("chown", ["-R", "4242:4242", join(upper, "home", login.user)]);
  }
  put(upper, "etc/shadow", shadow, 0o600);
  return readFileSync(`${key}.pub`, "utf8").trim().split(" ").slice(0, 2).join(" ");
}

function makeFolder(file: string): string {
  mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
  return file;
}

/** Covers what this computer has itself, by a device 0:0, which is how an overlay says "deleted". */
function hide(upper: string, paths: readonly string[]): void {
  for (const path of paths) if (existsSync(join("/", path))) run("mknod", [makeFolder(join(upper, path)), "c", "0", "0"]);
}

const sshdConfig = (address: string): string => `Port 22
ListenAddress ${address}
HostKey /etc/ssh/bed_host_key
PidFile /run/sshd.pid
UsePAM no
UseDNS no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AuthorizedKeysFile .ssh/authorized_keys
PrintMotd no
MaxStartups 200
MaxSessions 100
LogLevel VERBOSE
`;
