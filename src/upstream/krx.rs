pub(super) struct IndexCache;
