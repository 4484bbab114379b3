pub(super) struct Fchart;
