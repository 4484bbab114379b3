//! The rules of this repository: the order of its folders, and what README.md promises.

mod imports;
mod layers;
mod readme;
