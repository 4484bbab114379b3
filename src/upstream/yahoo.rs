pub(super) struct Chart;
