/** What images.sh is told about the archive of images that a product brings. In names @ stands for the architecture. */
export interface Images {
  folder: string;
  /** What the archive may be called in a release. */
  names: readonly string[];
  /** The list with its checksum. */
  sums: string;
  /** Its name in the folder. */
  as: string;
}

/** Room for the archive, next to what is unpacked of it. */
export const IMAGES_MB = 500;

export const imagesSettings = (product: string, airgap: boolean, { folder, names, sums, as }: Images): Record<string, string> => ({
  PRODUCT: product,
  AIRGAP: airgap ? "yes" : "no",
  IMAGES_DIR: folder,
  IMAGES_NAMES: names.join(" "),
  IMAGES_SUMS: sums,
  IMAGES_AS: as,
});
