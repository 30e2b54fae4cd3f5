export declare const WIDTH: number;
export declare const HEIGHT: number;
export declare const QUADRANTS: [number, number, number][];
export declare function uprightPicture(): Uint8Array;
export declare function declaredPng(width: number, height: number): Buffer;
export declare function ftypBox(main: string, ...compatible: string[]): Buffer;
export declare function makeFixtures(folder: string): Promise<void>;
